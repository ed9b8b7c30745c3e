"""Who is measured against ours, on what work. `*.txt` beside this file pins each one's environment."""

from bench.peers.registry import COMPARISONS, PEERS, Comparison, Peer

__all__ = ["COMPARISONS", "PEERS", "Comparison", "Peer"]
