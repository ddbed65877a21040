import io
import tempfile

import pytest

from transforms.worker_link import BOARD_BYTES, Board, FrameBuffer, Replies, frame, read_frame

MESSAGES = [None, [], ["a", 1], Replies(["x" * 100_000], 0.5), "end"]


@pytest.fixture
def boards():
    with tempfile.TemporaryFile() as file:
        file.truncate(BOARD_BYTES)
        pair = Board(file.fileno()), Board(file.fileno())
        yield pair
        for board in pair:
            board.close()


@pytest.mark.parametrize("size", [1, 3, 4, 7, 4096, 1 << 20])
def test_messages_come_out_whole_however_their_bytes_arrive(size):
    data = b"".join(map(frame, MESSAGES[:3] if size < 4 else MESSAGES))
    buffer = FrameBuffer()
    found = []
    for start in range(0, len(data), size):
        found += buffer.feed(data[start : start + size])
    assert found == (MESSAGES[:3] if size < 4 else MESSAGES)


def test_messages_are_read_one_after_the_other_until_the_end():
    source = io.BytesIO(b"".join(map(frame, MESSAGES)))
    assert [read_frame(source) for _ in MESSAGES] == MESSAGES
    with pytest.raises(EOFError):
        read_frame(source)


def test_a_message_that_is_cut_in_its_head_is_the_end():
    with pytest.raises(EOFError):
        read_frame(io.BytesIO(frame("a")[:2]))


def test_one_side_of_a_board_sees_what_the_other_shows(boards):
    worker, pool = boards
    assert pool.current() is None
    worker.begin(7, 12.5)
    assert pool.current() == (7, 12.5)
    worker.begin(1 << 40, 13.5)
    assert pool.current() == (1 << 40, 13.5)
    worker.end()
    assert pool.current() is None


def test_a_stop_is_seen_by_the_worker_and_disturbs_nothing_else(boards):
    worker, pool = boards
    worker.begin(7, 12.5)
    assert not worker.stop_asked()
    pool.ask_stop()
    assert worker.stop_asked()
    assert pool.current() == (7, 12.5)
