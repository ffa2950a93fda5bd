"""What a host holds, beside its peers: `scripts/bench`, whose figures docs/performance.md shows."""
