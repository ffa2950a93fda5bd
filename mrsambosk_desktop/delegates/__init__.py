"""How rows look: geometry measured once per width, painting from that."""
