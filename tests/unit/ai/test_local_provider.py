"""The local provider: it always has something to say, and never another creator's words."""

import logging
from collections.abc import Sequence

import pytest
import structlog

from huntaze_backend.engines.ai.adapters.local import LocalProvider, Templates
from huntaze_backend.engines.ai.failures import ProviderError
from huntaze_backend.engines.ai.memory import Remembered
from huntaze_backend.engines.ai.port import Failure, Part, Prompt
from huntaze_backend.engines.ai.prompts import FanFacts, Persona, Turn, reply_prompt, rewrite_prompt
from huntaze_backend.engines.ai.provider import Call
from huntaze_backend.engines.ai.words import language_of, terms
from huntaze_contract.compliance import Policy
from huntaze_contract.compliance.loading import policy_from_toml
from huntaze_contract.compliance.matching import RuleSet
from huntaze_resources import compliance_lists
from tests.helpers.ai_house import asking

MARA = Persona("Mara Lind", "mara", "onlyfans")
SHIPPED = Templates.shipped()


class Past:
    """A memory that holds what it is given, of one creator."""

    def __init__(self, *remembered: Remembered, broken: bool = False) -> None:
        self.remembered = remembered
        self.broken = broken
        self.asked: list[tuple[str, str, str]] = []

    async def recall(self, agency_id: str, creator_id: str, asked: str, limit: int) -> Sequence[Remembered]:
        self.asked.append((agency_id, creator_id, asked))
        if self.broken:
            raise OSError("no database")
        return self.remembered[:limit]


def call(prompt: Prompt) -> Call:
    request = asking(head=prompt.head)
    return Call(
        type(request)(**{name: getattr(request, name) for name in request.__slots__} | {"prompt": prompt}),
        model="local",
        region="",
        timeout_s=2,
        stall_s=2,
    )


def reply(*turns: Turn, variant: int = 0, name: str = "Daniel Reyes", language: str | None = None) -> Call:
    return call(reply_prompt(MARA, FanFacts(name, language), turns, tone="warm", variant=variant))


async def test_the_cards_of_a_set_differ_and_are_the_same_when_asked_again():
    provider = LocalProvider(Past())
    first = [(await provider.complete(reply(Turn("fan", "thank you!"), variant=card))).text for card in range(5)]
    again = [(await provider.complete(reply(Turn("fan", "thank you!"), variant=card))).text for card in range(5)]

    assert len(set(first)) == 5
    assert first == again
    assert "My pleasure, Daniel." in " ".join(first)


async def test_what_went_well_before_comes_first_and_says_where_it_is_from():
    past = Past(Remembered("item-1", "how was porto", "Porto was lovely, {name}!", 0.8, "went well twice"))
    answer = await LocalProvider(past).complete(reply(Turn("fan", "tell me of porto")))

    assert answer.text == "Porto was lovely, Daniel!"
    assert answer.extra == {"confidence": 0.8, "reason": "went well twice", "source": "item-1"}
    assert past.asked == [("agency-1", "creator-1", "tell me of porto")]


async def test_a_stream_says_the_same_in_one_piece():
    provider = LocalProvider(Past())
    whole = await provider.complete(reply(Turn("fan", "hello")))
    chunks = [chunk async for chunk in provider.stream(reply(Turn("fan", "hello")))]

    assert chunks[0].text == whole.text
    assert (chunks[-1].finish, chunks[-1].extra) == ("stop", whole.extra)


async def test_it_does_not_say_again_what_was_just_said():
    provider = LocalProvider(Past())
    first = await provider.complete(reply(Turn("fan", "hello")))
    second = await provider.complete(reply(Turn("creator", first.text), Turn("fan", "hello")))

    assert second.text != first.text


@pytest.mark.parametrize("name", ["http://x.example", "", "4ever", "D" * 40, "a\nb", "Ann@mail.example"])
async def test_a_name_that_is_no_plain_word_is_left_out(name):
    past = Past(Remembered("item-1", "hello", "Hi {name}!", 0.9, "went well once"))
    for card in range(5):
        text = (await LocalProvider(past).complete(reply(Turn("fan", "hello"), name=name, variant=card))).text
        assert "{name}" not in text
        assert not name or name not in text


async def test_a_broken_memory_leaves_the_templates():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        answer = await LocalProvider(Past(broken=True)).complete(reply(Turn("fan", "hello")))
    finally:
        structlog.reset_defaults()

    assert answer.text
    assert "template" in answer.extra


async def test_a_tip_without_words_is_thanked_for_in_the_fans_language():
    answer = await LocalProvider(Past()).complete(reply(Turn("fan", "", "tip"), language="French"))

    assert answer.extra["template"] == "tip-fr-1"


async def test_an_empty_conversation_gets_a_line_all_the_same():
    assert (await LocalProvider(Past()).complete(reply())).text


@pytest.mark.parametrize("prompt", [rewrite_prompt(MARA, "hi"), Prompt((Part("system", "x"),), (), "v1")])
async def test_it_leaves_what_is_no_reply(prompt):
    with pytest.raises(ProviderError) as raised:
        await LocalProvider(Past()).complete(call(prompt))

    assert raised.value.failure is Failure.NO_PROVIDER


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Can I have your WhatsApp?", "off_platform"),
        ("On pourrait se rencontrer à Paris ?", "meeting"),
        ("Merci beaucoup !", "thanks"),
        ("You look gorgeous", "compliment"),
        ("combien pour l'album ?", "price"),
        ("bonne nuit", "goodnight"),
        ("c'est mon anniversaire", "birthday"),
        ("xyzzy", "any"),
    ],
)
def test_subjects_are_told_apart(text, intent):
    assert SHIPPED.intent(text) == intent


def test_every_subject_has_three_templates_in_both_languages_and_any_has_five():
    subjects = {template.intent for template in SHIPPED.all}
    for subject in subjects:
        for language in ("en", "fr"):
            least = 5 if subject == "any" else 3
            assert len(list(SHIPPED.of(subject, language))) >= least, (subject, language)
    assert len({template.id for template in SHIPPED.all}) == len(SHIPPED.all)
    assert len({template.text for template in SHIPPED.all}) == len(SHIPPED.all)


def test_no_template_minds_compliance():
    policy: Policy = policy_from_toml(compliance_lists())
    rules = RuleSet.compile(policy)

    found = [(each.id, rules.check(each.text, None).findings) for each in SHIPPED.all]
    assert [(id_, findings) for id_, findings in found if findings] == []


@pytest.mark.parametrize(
    ("text", "language"),
    [("Merci !", "fr"), ("how are you", "en"), ("tu fais quoi ce soir", "fr"), ("ok", "en"), ("", "en")],
)
def test_languages_are_told_apart(text, language):
    assert language_of([text]) == language


def test_terms_are_the_telling_words_without_accents():
    assert terms("La PHOTO d'été, la photo de Zoë ?") == ("photo", "ete", "zoe")
    assert terms("how are you") == ("how", "are", "you"), "a line of small words only is all of them"
