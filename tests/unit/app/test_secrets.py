"""Secrets are kept in a keyring that encrypts, behind a passphrase, or not at all."""

import pytest

from huntaze_desktop.app.passphrase import PassphraseSecrets, WrongPassphraseError
from huntaze_desktop.app.secrets import (
    KeyringSecrets,
    MemorySecrets,
    NoKeyringError,
    new_key,
    usable_keyring,
)


class MemoryKeyring:
    def __init__(self) -> None:
        self.values = {}

    def get_password(self, service, username):
        return self.values.get((service, username))

    def set_password(self, service, username, password):
        self.values[service, username] = password

    def delete_password(self, service, username):
        del self.values[service, username]


def a_keyring_of(module: str) -> MemoryKeyring:
    return type("Keyring", (MemoryKeyring,), {"__module__": module})()


def test_a_new_key_is_64_hex_characters_and_never_the_same():
    assert len(new_key()) == 64
    assert int(new_key(), 16) >= 0
    assert new_key() != new_key()


def test_a_plaintext_keyring_is_refused_by_name():
    with pytest.raises(NoKeyringError) as refused:
        usable_keyring(lambda: a_keyring_of("keyrings.alt.file"))
    assert "plain text" in refused.value.reason


@pytest.mark.parametrize("module", ["keyring.backends.fail", "keyring.backends.null"])
def test_no_keyring_is_said_so(module):
    with pytest.raises(NoKeyringError):
        usable_keyring(lambda: a_keyring_of(module))


def test_a_chain_uses_its_first_member_that_encrypts():
    good = a_keyring_of("keyring.backends.SecretService")
    chain = a_keyring_of("keyring.backends.chainer")
    chain.backends = [a_keyring_of("keyrings.alt.file"), good]
    assert usable_keyring(lambda: chain) is good


def test_a_chain_of_plaintext_keyrings_is_refused():
    chain = a_keyring_of("keyring.backends.chainer")
    chain.backends = [a_keyring_of("keyrings.alt.file")]
    with pytest.raises(NoKeyringError):
        usable_keyring(lambda: chain)


def test_a_keyring_that_does_not_answer_is_refused():
    class Broken(MemoryKeyring):
        def get_password(self, service, username):
            raise RuntimeError("locked")

    with pytest.raises(NoKeyringError, match="locked"):
        usable_keyring(Broken)


@pytest.mark.parametrize("kind", ["memory", "keyring", "passphrase"])
def test_what_was_set_is_there_until_it_is_deleted(kind, tmp_path):
    secrets = {
        "memory": MemorySecrets,
        "keyring": lambda: KeyringSecrets(MemoryKeyring(), "a profile"),
        "passphrase": lambda: PassphraseSecrets(tmp_path / "secrets.bin", "correct horse"),
    }[kind]()
    assert secrets.get("cache-key") is None
    secrets.set("cache-key", "k1")
    secrets.set("cache-key", "k2")
    assert secrets.get("cache-key") == "k2"
    secrets.delete("cache-key")
    secrets.delete("cache-key")
    assert secrets.get("cache-key") is None


def test_two_profiles_of_one_keyring_do_not_meet():
    ring = MemoryKeyring()
    KeyringSecrets(ring, "a").set("token", "of a")
    assert KeyringSecrets(ring, "b").get("token") is None


def test_the_passphrase_file_opens_with_its_passphrase_only(tmp_path):
    path = tmp_path / "secrets.bin"
    PassphraseSecrets(path, "correct horse").set("token", "marker-of-a-secret")
    assert PassphraseSecrets(path, "correct horse").get("token") == "marker-of-a-secret"
    with pytest.raises(WrongPassphraseError):
        PassphraseSecrets(path, "wrong horse")
    assert b"marker-of-a-secret" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
