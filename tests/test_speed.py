import json

import pytest

pytest.importorskip("sklearn.callback", reason="epochs are timed by a callback")

from benchmarks.speed.__main__ import main


def test_fit_writes_its_records(tmp_path, capsys):
    path = tmp_path / "fit.json"
    records = main(["fit", "--rows", "300", "--runs", "1", "--json", str(path)])
    assert json.loads(path.read_text()) == records
    assert set(records[0]) == {"problem", "library", "dtype", "batch_size", "seconds"}
    ours = [r for r in records if r["library"] == "sklearn_softmax"]
    assert {(r["dtype"], r["batch_size"]) for r in ours} == {
        (dtype, batch_size) for dtype in ("float32", "float64") for batch_size in (32, 200, 1000)
    }
    assert {"sklearn_softmax", "numpy floor"} <= {r["library"] for r in records}
    assert all(0 < r["seconds"] < 10 for r in records)
    assert "numpy floor" in capsys.readouterr().out


def test_unknown_table_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert "invalid choice" in capsys.readouterr().err
