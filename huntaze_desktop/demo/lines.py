"""What the scripted chatter says: short friendly answers, composed so that no text repeats within a shift.

A text that repeats could hide a lost message behind a doubled one, so every combination is used once.
"""

import random
from collections.abc import Iterator

__all__ = ["texts"]

_BEGIN = (
    "That made me smile",
    "Good to hear from you",
    "Thank you for writing",
    "What a nice thing to say",
    "You have a good eye",
    "I was hoping you would ask",
    "Glad you liked that one",
    "Ha, guilty as charged",
    "That is a fair question",
    "You remembered",
    "I just came in from a long walk",
    "Coffee first, then answers",
    "It was worth the early start",
    "The light was perfect that day",
    "It took three tries in the end",
    "I am still sorting the pictures",
    "You would have loved the view",
    "It rained the whole morning",
    "The recipe is simpler than it looks",
    "I wrote that one down for you",
    "My neighbour's dog says hello",
    "That song has been in my head all day",
    "I changed one thing since last time",
    "The new studio is nearly ready",
    "We got lost twice and found a bakery",
    "Your message came at the right time",
    "I owe you a longer answer",
    "It is one of my favourites too",
    "I tried what you suggested",
    "You guessed it",
)
_MIDDLE = (
    "the next part comes on Sunday",
    "I will tell you the whole story soon",
    "there is more of it this week",
    "I kept a few pictures for later",
    "the second half is even better",
    "I am planning the next trip already",
    "it goes up on Friday evening",
    "I learned a lot from it",
    "the kitchen looked like a battlefield",
    "my camera survived, barely",
    "I would do it again tomorrow",
    "practice makes it look easy",
    "I have a short video of that",
    "it was quieter than I expected",
    "the train was late and I did not mind",
    "I saved you the best seat",
    "that corner is my favourite",
    "it needs one more evening of work",
    "the sea was freezing",
    "I used the old lens for it",
)
_END = (
    "How was your day?",
    "What would you have picked?",
    "Have you been there?",
    "Which one did you like best?",
    "Tell me more about yours.",
    "What are you up to tonight?",
    "Do you cook as well?",
    "Should I show you the rest?",
    "What should I try next?",
    "Any plans for the weekend?",
    "Talk soon.",
    "More tomorrow.",
    "Sleep well later.",
    "Enjoy your evening.",
    "Have a good one.",
)


def texts(seed: int) -> Iterator[str]:
    """Answers in an order that depends on the seed only; each of the 9,000 comes once, then the source is dry."""
    every = [f"{begin}, {middle}. {end}" for begin in _BEGIN for middle in _MIDDLE for end in _END]
    random.Random(seed).shuffle(every)
    yield from every
