"""The peers and their work. `*.txt` beside this file pins the environment of each."""

from bench.peers.registry import COMPARISONS, PEERS, Comparison, Peer

__all__ = ["COMPARISONS", "PEERS", "Comparison", "Peer"]
