"""Records, and what is made of them: comparison, Markdown, the page."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import check, compare, record, report
from benchmarks.entry import FRESH, TUNED
from benchmarks.measure import Row
from benchmarks.peers import OURS, Peer
from benchmarks.record import ArrayRecord, Record
from benchmarks.report import statistics


def _record() -> Record:
    rows = [
        Row("compress 1", OURS, None, 1100, 20.0, 10.0, 4096, 2048),
        Row("compress 5", OURS, None, 1000, 200.0, 100.0, 4096, 2048, planning=50.0),
        Row("zlib 6", "zlib", None, 1500, 50.0, 15.0, 4096, 2048),
        Row("xz 9e", "xz", None, 1050, 900.0, 60.0, 4096, None),
        Row("fast", "fast", None, 1050, 10.0, 1.0),
        Row("compress 5 bounded", OURS, 0.1, 300, 200.0, 100.0, None, None, 0.1),
        Row("SPERR", "SPERR", 0.1, 290, 200.0, 100.0, None, None, 0.10000610),
        Row("zfp", "zfp", 0.1, 100, 200.0, 100.0, None, None, math.inf),
        Row("LERC", "LERC", refused="RuntimeError: no </script> please"),
    ]
    first = ArrayRecord(
        "one", "grid", "a field", "package/file", "MIT", (40, 25), "float32", 4000, "abcd0123",
        entropy=None, rows=rows, marginals=[("normal", 9.5, 2)],
    )  # fmt: skip
    peer = Row("zlib 6", "zlib", None, 500, 50.0, 15.0)
    mine = Row("compress 5", OURS, None, 600, 200.0, 100.0)
    second = replace(
        first, name="two", kind="table", group=FRESH, rows=[peer, mine], entropy=3.9, marginals=[]
    )
    return Record(
        "2024-05-01 12:00 UTC",
        {"processor": "P", "cores": 2, "memory GiB": 4, "system": "S", "python": "3.11"},
        {"numpy": "2"},
        "full",
        [first, second],
        [("speech", "package x is not installed")],
    )


def test_a_record_comes_back_from_its_text() -> None:
    """Everything, with lost specials and refusals; a NaN time stays one."""
    made = _record()
    back = record.loads(record.dumps(made))
    assert back.arrays == made.arrays
    assert (back.date, back.machine, back.skipped) == (made.date, made.machine, made.skipped)
    timeless = replace(made.arrays[0], rows=[Row("z", "z", None, 10)])
    (row,) = record.loads(record.dumps(replace(made, arrays=[timeless]))).arrays[0].rows
    assert math.isnan(row.encode)


def test_a_record_is_json_with_one_row_a_line() -> None:
    """So that a change of one size is a change of one line."""
    text = record.dumps(_record())
    json.loads(text)
    assert sum(line.strip().startswith('["zlib 6"') for line in text.splitlines()) == 2


def test_text_that_is_no_record_is_refused() -> None:
    """A format of the future too."""
    with pytest.raises(ValueError, match="not a benchmark record"):
        record.loads('{"format": 99}')


def test_writing_leaves_no_partial_file(tmp_path: Path) -> None:
    """Written under another name, then renamed."""
    record.write(_record(), tmp_path / "r.json")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
    assert record.read(tmp_path / "r.json").arrays == _record().arrays


def _changed(peer: str, **changes: float) -> Record:
    made = _record()
    rows = [replace(row, **changes) if row.peer == peer else row for row in made.arrays[0].rows]
    return replace(made, arrays=[replace(made.arrays[0], rows=rows), made.arrays[1]])


def test_the_same_record_has_no_differences() -> None:
    """Nothing is flagged without cause."""
    assert compare.compare(_record(), _record()) == []


@pytest.mark.parametrize(("size", "worse"), [(1001, False), (1002, True), (999, False)])
def test_ours_may_grow_by_a_thousandth(size: int, worse: bool) -> None:
    """1000 bytes to 1001 is noted, to 1002 is a regression, to 999 is an improvement."""
    (finding,) = compare.compare(_record(), _changed("compress 5", size=size))
    assert finding.what == "size"
    assert finding.regression is worse
    assert finding.ratio == pytest.approx(size / 1000)


def test_a_change_of_a_peers_size_is_noted_only() -> None:
    """A new version of theirs is not our regression."""
    (finding,) = compare.compare(_record(), _changed("zlib 6", size=3000))
    assert not finding.regression


def test_a_slower_machine_is_not_a_slower_library() -> None:
    """All times doubled: the ratios within the run are what they were."""
    made = _record()
    slow = [
        replace(
            array, rows=[replace(r, encode=2 * r.encode, decode=2 * r.decode) for r in array.rows]
        )
        for array in made.arrays
    ]
    assert compare.compare(made, replace(made, arrays=slow)) == []


def test_a_slower_library_is_found_by_its_ratio_to_the_others() -> None:
    """Half as slow again to decode, with the others as they were."""
    findings = compare.compare(_record(), _changed("compress 5", decode=150.0))
    assert [(f.what, f.regression) for f in findings] == [("decode", True)]
    assert findings[0].ratio == pytest.approx(1.5)
    faster = compare.compare(_record(), _changed("compress 5", decode=50.0))
    assert [f.regression for f in faster] == [False]


def test_a_row_of_ours_that_is_gone_is_a_regression() -> None:
    """A level that no longer runs does not pass silently."""
    made = _record()
    less = replace(made.arrays[0], rows=made.arrays[0].rows[1:])
    findings = compare.compare(made, replace(made, arrays=[less]))
    assert [(f.peer, f.what) for f in findings] == [("compress 1", "missing")]
    assert "1 regressions" in compare.text(findings)


def test_other_samples_under_the_same_name_are_not_compared() -> None:
    """A package may ship another file one day."""
    made = _record()
    other = replace(_changed("compress 5", size=9000).arrays[0], checksum="ffffffff")
    (finding,) = compare.compare(made, replace(made, arrays=[other]))
    assert finding.what == "samples"
    assert not finding.regression


def test_dominance_counts_pairs_where_one_level_is_smaller_and_faster() -> None:
    """Level 1 beats zlib both ways, level 5 beats neither xz nor fast in decoding."""
    share = statistics.dominance(_record())
    assert (share.pairs, share.decode, share.encode, share.both) == (4, 1, 2, 1)


def test_dominance_names_who_is_smaller_and_faster_than_a_level() -> None:
    """Level 1 loses to what is fast, level 5 of the second array to zlib."""
    share = statistics.dominance(_record())
    assert share.levels == 3
    assert share.dominated == (("one", "compress 1", "fast"), ("two", "compress 5", "zlib 6"))
    assert "| level 1 | 1 | one (fast) |" in report.summary(_record())


def test_the_summary_shows_where_another_is_smaller() -> None:
    """The loss on the second array stands in it, with the bits of both."""
    text = report.summary(_record())
    assert "| two | table | fresh | zlib 6 | 4.000 | 4.800 | +20.0 % |" in text
    assert "| grid | 1 | 1.048 | 0.952 |" in text


def test_the_summary_gives_a_mean_for_each_group() -> None:
    """The array that is fresh does not enter the mean of those that the library is tuned on."""
    text = report.summary(_record())
    assert "(1 tuned on, 1 fresh at this release)" in text
    tuned = text.index("| **tuned on** | **1** | **1.048** | **0.952** |")
    assert tuned < text.index("| table | 1 |  | 1.200 |")
    assert "| **fresh at this release** | **1** |  | **1.200** |" in text


def test_a_record_without_groups_is_of_tuned_arrays() -> None:
    """Records from before there were groups hold arrays that the library was developed on."""
    raw = json.loads(record.dumps(_record()))
    for array in raw["arrays"]:
        del array["group"]
    assert {array.group for array in record.loads(json.dumps(raw)).arrays} == {TUNED}


def test_a_comparison_gives_the_means_of_each_group() -> None:
    """One tuned array grew by a tenth at level 5, the fresh one did not."""
    assert compare.means(_record(), _changed("compress 5", size=1100)).splitlines() == [
        "tuned on: compress 1 x1.0000, compress 5 x1.1000",
        "fresh at this release: compress 5 x1.0000",
    ]


def test_a_peer_that_lost_its_bound_is_not_the_one_to_beat() -> None:
    """SPERR is off by the rounding of a float32 and counts; zfp lost an infinity and does not."""
    text = report.summary(_record())
    assert "| level 5 | 1 | 1.034 | 0 |" in text
    assert "zfp 1" in text


def test_readme_is_renewed_between_its_markers_only(tmp_path: Path) -> None:
    """Twice gives the same; `check` complains before and not after."""
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- benchmarks: begin -->\nold\n<!-- benchmarks: end -->\nz\n")
    assert len(check.readme(readme, _record())) == 1
    once = report.renewed(readme.read_text(), _record())
    assert once.startswith("a\n<!--")
    assert once.endswith("-->\nz\n")
    assert "old" not in once
    assert report.renewed(once, _record()) == once
    readme.write_text(once)
    assert check.readme(readme, _record()) == []
    with pytest.raises(ValueError, match="no lines"):
        report.renewed("no markers", _record())


def test_details_hold_every_row() -> None:
    """Measured, refused, bounded, skipped, and densities alone."""
    text = report.details(_record())
    for part in ("xz 9e", "LERC: RuntimeError", "speech", "normal 9.500", "SPERR | 0.1", "lost"):
        assert part in text


def test_the_page_is_whole_and_asks_no_network() -> None:
    """One file; no address but the SVG namespace; data cannot end the script early."""
    page = report.page(_record())
    assert page.count("</script>") == 1
    assert set(re.findall(r"https?://[^\s\"']+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"(src|href)=", page)
    data = re.search(r"const DATA = (.*);\n", page)
    assert data is not None
    assert [array["name"] for array in json.loads(data[1])["arrays"]] == ["one", "two"]


def test_sizes_are_checked_against_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller committed size than today's is a complaint that names array and level."""
    array = np.arange(1000, dtype=np.float32).reshape(40, 25)
    monkeypatch.setattr(check.arrays, "load", lambda _name: array)
    monkeypatch.setattr(check, "checksum", lambda _array: "abcd0123")
    now = Row("compress 1", OURS, None, 1100, 20.0, 10.0)
    monkeypatch.setattr(check, "measure", lambda *_: [now])
    level = Peer("compress 1", OURS, (), lambda _array, _bound: None)
    monkeypatch.setattr(check.peers, "every", lambda: (level,))
    told: list[str] = []
    one = replace(_record(), arrays=[replace(_record().arrays[0], rows=[now])])
    assert check.sizes(one, 10.0, told.append) == []
    assert told == ["sizes: 1 checked, 1 of them tuned on, 0 left out for time"]
    small = replace(one, arrays=[replace(one.arrays[0], rows=[replace(now, size=1000)])])
    (complaint,) = check.sizes(small, 10.0, told.append)
    assert "one, compress 1: larger by 10.00 %" in complaint
    assert check.sizes(small, 0.0, told.append) == []
