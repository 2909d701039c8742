from pathlib import Path

from memorization import unmade


def test_what_a_run_failed_to_make_is_remembered_until_it_is_made(tmp_path: Path) -> None:
    made, failed = tmp_path / "made", tmp_path / "failed"
    made.touch()
    assert unmade.missing(tmp_path) == set()

    unmade.note(tmp_path, [str(made), str(failed)])
    assert unmade.missing(tmp_path) == {str(failed)}
    unmade.forget(tmp_path)
    # Made by that run, and removed by a user since.
    made.unlink()
    assert unmade.missing(tmp_path) == {str(failed)}

    # A run with other targets.
    unmade.note(tmp_path, [str(tmp_path / "other")])
    assert unmade.missing(tmp_path) == {str(failed), str(tmp_path / "other")}
    failed.touch()
    (tmp_path / "other").touch()
    unmade.forget(tmp_path)
    assert list(tmp_path.glob(".*")) == []


def test_a_file_that_is_cut_off_is_as_none(tmp_path: Path) -> None:
    (tmp_path / unmade.PLACE).write_text('["a file')

    assert unmade.missing(tmp_path) == set()
