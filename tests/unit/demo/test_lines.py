"""The scripted chatter never says the same thing twice."""

from itertools import islice

from huntaze_desktop.demo.lines import texts


def test_every_text_is_said_once():
    said = list(texts(7))
    assert len(said) == len(set(said)) == 9000


def test_the_same_seed_says_the_same_in_the_same_order():
    assert list(islice(texts(7), 50)) == list(islice(texts(7), 50))
    assert list(islice(texts(7), 50)) != list(islice(texts(8), 50))
