"""Suggestions come piece by piece, end when nobody wants them any more, and are named by the message they became."""

import asyncio

import pytest

from huntaze_contract import wire
from huntaze_desktop.model.assistant import SuggestionCut, SuggestionReady, SuggestionText
from huntaze_desktop.sdk import BackendError, OfflineError
from tests.helpers.peer import Peer, problem
from tests.helpers.peer_ai import BREAK, HELD, suggestion
from tests.integration.engine.conftest import Desk, offline, until


async def test_each_piece_arrives_as_it_is_written(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    made = suggestion(talk.id, "Hello Daniel")
    peer.assistant.script = [
        wire.SuggestionDelta(index=0, text="Hello"),
        HELD,
        wire.SuggestionDelta(index=0, text=" Daniel"),
        wire.SuggestionDone(index=0, suggestion=made),
        wire.SuggestionIncomplete(index=1, reason="The model stopped."),
    ]
    stream = engine.suggest(talk.id, count=2)
    assert await anext(stream) == SuggestionText(0, "Hello")
    peer.assistant.go_on.set()
    rest = [piece async for piece in stream]
    assert rest[0] == SuggestionText(0, " Daniel")
    assert isinstance(rest[1], SuggestionReady)
    assert (rest[1].suggestion.id, rest[1].suggestion.confidence) == (made.id, 0.94)
    assert rest[2] == SuggestionCut(1, "The model stopped.")
    assert peer.assistant.requests == [{"based_on": None, "count": 2, "prefetch": False, "fresh": False}]


async def test_closing_ends_the_request_at_once(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.assistant.script = [wire.SuggestionDelta(index=0, text="Hello"), HELD]
    stream = engine.suggest(talk.id)
    await anext(stream)
    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    stream.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
    async with asyncio.timeout(5):
        await peer.assistant.left.wait()
    assert [piece async for piece in stream] == []


async def test_a_stream_that_nobody_reads_asks_nothing(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    stream = engine.suggest(talk.id)
    stream.close()
    assert [piece async for piece in stream] == []
    assert peer.assistant.requests == []


async def test_a_problem_says_why_there_are_none(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.assistant.instead = [problem(403, "FORBIDDEN", "Suggestions are switched off.")]
    with pytest.raises(BackendError, match="switched off"):
        await anext(engine.suggest(talk.id))
    broken = wire.Problem(title="No", status=503, detail="No model answers.", code="UNAVAILABLE", trace_id="t")
    peer.assistant.script = [wire.SuggestionProblem(problem=broken)]
    with pytest.raises(BackendError, match="No model answers"):
        await anext(engine.suggest(talk.id))


async def test_a_line_that_breaks_keeps_what_was_complete(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    made = suggestion(talk.id, "Hello Daniel")
    peer.assistant.script = [
        wire.SuggestionDone(index=0, suggestion=made),
        wire.SuggestionDelta(index=1, text="And"),
        BREAK,
    ]
    found = [piece async for piece in engine.suggest(talk.id)]
    assert isinstance(found[0], SuggestionReady)
    assert found[1] == SuggestionText(1, "And")
    assert isinstance(found[2], SuggestionCut)
    assert found[2].index is None


async def test_without_a_line_there_are_none_and_nothing_waits(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    with pytest.raises(OfflineError):
        await anext(engine.suggest(talk.id))
    with pytest.raises(OfflineError):
        await engine.rewrite(talk.id, "Hello", "tone", tone="warm")
    await engine.suggestion_used(talk.id, "inserted")
    assert peer.assistant.uses == []


async def test_an_ended_token_is_renewed_before_the_stream(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.access.clear()
    peer.assistant.script = [wire.SuggestionDone(index=0, suggestion=suggestion(talk.id, "Hello"))]
    assert len([piece async for piece in engine.suggest(talk.id)]) == 1


async def test_a_text_is_rewritten_and_uses_are_told(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    found = await engine.rewrite(talk.id, "Hello", "translate", language="fr")
    assert (found.text, found.local) == ("Hello, truly", False)
    assert peer.assistant.rewrites == [{"text": "Hello", "kind": "translate", "tone": None, "language": "fr"}]
    await engine.suggestion_used(talk.id, "sent", message_id=talk.id, final_text="Hello!")
    ((_, use),) = peer.assistant.uses
    assert use == {"outcome": "sent", "message_id": talk.id, "final_text": "Hello!"}


async def test_the_message_names_the_suggestion_it_was_made_of_also_after_a_restart(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    made = suggestion(talk.id, "Hello Daniel")
    await offline(desk)
    await engine.send(talk.id, "Hello Daniel!", suggestion_id=made.id)
    await engine.send(talk.id, "My own words")
    await desk.stop()
    await desk.wire.up()
    await desk.start()
    await until(lambda: len(peer.accepted) == 2)
    assert [body["suggestion_id"] for _, body in peer.posts] == [made.id, None]
