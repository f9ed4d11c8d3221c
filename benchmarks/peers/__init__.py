"""The compressors that arrays are given to: other people's, and this library among them."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.peers import general, numeric, ours, pictures, sound
from benchmarks.peers.ours import FAMILY as OURS
from benchmarks.peers.peer import Job, Peer

__all__ = ["OURS", "Job", "Peer", "every", "select"]


def every() -> tuple[Peer, ...]:
    """Return all peers, ours first."""
    return (*ours.peers(), *general.PEERS, *numeric.PEERS, *pictures.PEERS, *sound.PEERS)


def select(patterns: Iterable[str] | None = None, quick: bool = False) -> tuple[Peer, ...]:
    """Return the peers whose name or family is among ``patterns`` (for None the usual ones).

    Raises
    ------
    ValueError
        For a pattern that is neither a name nor a family; it lists what is there.
    """
    known = every()
    if patterns is None:
        return tuple(peer for peer in known if (peer.quick if quick else peer.usual))
    wanted = set(patterns)
    names = {peer.name for peer in known} | {peer.family for peer in known}
    if strange := sorted(wanted - names):
        raise ValueError(
            f"no compressor is called {strange[0]!r}; known are: {', '.join(sorted(names))}"
        )
    return tuple(peer for peer in known if peer.name in wanted or peer.family in wanted)
