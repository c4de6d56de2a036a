from procedures.batches import PK_BATCH, batches


def test_batches_hold_everything_once_and_in_order():
    assert batches(range(5), 2) == [[0, 1], [2, 3], [4]]
    assert batches({"a": 1}.keys(), 2) == [["a"]]
    assert batches([]) == []
    assert [len(batch) for batch in batches(range(PK_BATCH + 1))] == [PK_BATCH, 1]
