"""The prompt for saying a person's own text in another way."""

from huntaze_backend.engines.ai.port import Part, Prompt
from huntaze_backend.engines.ai.prompts.quoting import Persona, head_of, plain_words, quoted, version_of

__all__ = ["rewrite_prompt"]

_TEXT = "rewrite-1"


def rewrite_prompt(persona: Persona, text: str, *, tone: str | None = None, language: str | None = None) -> Prompt:
    """Args: tone: another tone; language: a language's code; neither: said better."""
    if language is not None:
        task = f"translate it into the language with the code {plain_words(language)}"
    elif tone is not None:
        task = f"give it this tone: {plain_words(tone)}"
    else:
        task = "say it better: clear, natural and friendly"
    tail = Part("user", f"{quoted([{'text': text}])}\nTask: {task}.")
    return Prompt(head_of(_TEXT, persona), (tail,), version_of(_TEXT))
