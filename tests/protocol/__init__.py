"""Tests of `mrsambosk_protocol`: the language both programs speak."""
