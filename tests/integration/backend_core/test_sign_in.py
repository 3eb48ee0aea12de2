"""Signing in, refreshing and signing out, with every way in which it is refused."""

import jwt
import pytest
from sqlalchemy import select, text, update

from huntaze_backend.areas.accounts.tables import MemberRow, RefreshTokenRow, SessionRow
from huntaze_backend.core.audit import AuditRow
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Tokens
from huntaze_desktop.engine.timing import Timing
from tests.helpers.house import PASSWORD, SECRETS, House


async def tokens_of(house: House, who: str = "owner") -> Tokens:
    answer = await house.sign_in(who)
    assert answer.status_code == 200, answer.text
    return Tokens.model_validate(answer.json())


async def refresh(house: House, token: str):
    return await house.client.post("/api/v2/auth/refresh", json={"refresh_token": token})


async def pass_since_the_last_refresh(house: House, seconds: float) -> None:
    earlier = text("UPDATE refresh_tokens SET used_at = used_at - :us WHERE used_at IS NOT NULL")
    await house.services.db.write(lambda session: session.execute(earlier, {"us": round(seconds * 1_000_000)}))


async def me_with(house: House, access_token: str):
    return await house.client.get("/api/v2/me", headers={"Authorization": f"Bearer {access_token}"})


async def test_the_right_password_gives_tokens_and_says_who_one_is(house):
    tokens = await tokens_of(house)

    assert tokens.me.member.id == house.seed.owner_id
    assert tokens.me.agency_name == "Northlight"
    assert (await me_with(house, tokens.access_token)).json()["email"] == house.seed.email("owner")


async def test_the_address_is_known_in_any_case(house):
    form = {"email": house.seed.email("OWNER").upper(), "password": PASSWORD, "device_id": new_id()}

    assert (await house.client.post("/api/v2/auth/sign-in", json=form)).status_code == 200


@pytest.mark.parametrize(("who", "password"), [("owner", "a bad guess"), ("nobody", PASSWORD)])
async def test_a_wrong_password_and_an_unknown_address_answer_alike(house, who, password):
    answer = await house.sign_in(who, password)

    assert answer.status_code == 401
    assert answer.json()["code"] == "WRONG_CREDENTIALS"
    assert answer.json()["detail"] == "The e-mail address or the password is wrong."
    assert password not in answer.text


async def test_a_member_who_left_can_neither_sign_in_nor_go_on(house):
    tokens = await tokens_of(house, "chatter")
    leaving = update(MemberRow).where(MemberRow.id == house.seed.chatter_id).values(active=False)
    await house.services.db.write(lambda session: session.execute(leaving))

    assert (await house.sign_in("chatter")).json()["code"] == "WRONG_CREDENTIALS"
    assert (await me_with(house, tokens.access_token)).status_code == 401
    assert (await refresh(house, tokens.refresh_token)).status_code == 401


async def test_the_eleventh_try_in_a_minute_must_wait(house):
    answers = [(await house.sign_in("chatter", "a guess")).status_code for _ in range(10)]
    refused = await house.sign_in("chatter")

    assert set(answers) == {401}
    assert refused.status_code == 429
    assert refused.json()["code"] == "TOO_MANY_REQUESTS"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert (await house.sign_in("owner")).status_code == 200


async def test_an_expired_access_token_says_so(house):
    tokens = await tokens_of(house)
    claims = jwt.decode(tokens.access_token, SECRETS.jwt_secret, algorithms=["HS256"])
    old = jwt.encode(claims | {"exp": claims["iat"] - 1}, SECRETS.jwt_secret, algorithm="HS256")

    answer = await me_with(house, old)

    assert (answer.status_code, answer.json()["code"]) == (401, "TOKEN_EXPIRED")


async def test_a_token_that_someone_made_up_is_refused(house):
    tokens = await tokens_of(house)
    claims = jwt.decode(tokens.access_token, SECRETS.jwt_secret, algorithms=["HS256"])
    forged = [
        jwt.encode(claims, "another secret of thirty-two bytes!", algorithm="HS256"),
        jwt.encode(claims, None, algorithm="none"),
        jwt.encode(claims | {"iss": "else"}, SECRETS.jwt_secret, algorithm="HS256"),
        "no.token.atall",
    ]

    for token in forged:
        answer = await me_with(house, token)
        assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


async def test_refreshing_gives_new_tokens(house):
    first = await tokens_of(house)
    second = Tokens.model_validate((await refresh(house, first.refresh_token)).json())

    assert second.refresh_token != first.refresh_token
    assert (await me_with(house, second.access_token)).status_code == 200


async def test_a_refresh_token_that_was_replaced_and_comes_back_ends_the_sign_in(house):
    first = await tokens_of(house)
    second = Tokens.model_validate((await refresh(house, first.refresh_token)).json())
    third = Tokens.model_validate((await refresh(house, second.refresh_token)).json())

    stolen = await refresh(house, first.refresh_token)

    assert (stolen.status_code, stolen.json()["code"]) == (401, "TOKEN_REUSED")
    assert (await refresh(house, third.refresh_token)).status_code == 401
    assert (await me_with(house, third.access_token)).status_code == 401


async def test_a_client_whose_answer_was_lost_may_repeat_at_once(house):
    first = await tokens_of(house)
    lost = Tokens.model_validate((await refresh(house, first.refresh_token)).json())
    again = await refresh(house, first.refresh_token)

    assert again.status_code == 200
    # If the lost answer was not lost but taken, its use shows it.
    assert (await refresh(house, lost.refresh_token)).json()["code"] == "TOKEN_REUSED"


async def test_a_client_that_waited_in_vain_and_was_then_cut_off_may_still_repeat(house):
    first = await tokens_of(house)
    await refresh(house, first.refresh_token)
    waited, between_tries, cut_off = Timing().request, Timing().backoff_cap, 120.0
    await pass_since_the_last_refresh(house, waited + between_tries + cut_off)

    assert (await refresh(house, first.refresh_token)).status_code == 200


async def test_a_late_repeat_is_a_reuse(house):
    first = await tokens_of(house)
    await refresh(house, first.refresh_token)
    await pass_since_the_last_refresh(house, 601)

    assert (await refresh(house, first.refresh_token)).json()["code"] == "TOKEN_REUSED"


async def test_an_old_refresh_token_has_expired(house):
    tokens = await tokens_of(house)
    later = text("UPDATE refresh_tokens SET expires_at = issued_at - 1")
    await house.services.db.write(lambda session: session.execute(later))

    assert (await refresh(house, tokens.refresh_token)).json()["code"] == "TOKEN_EXPIRED"


async def test_an_unknown_refresh_token_is_refused(house):
    assert (await refresh(house, "made up")).json()["code"] == "UNAUTHENTICATED"


async def test_signing_out_ends_every_token_of_the_sign_in_and_no_other(house):
    here, elsewhere = await tokens_of(house), await tokens_of(house)
    headers = {"Authorization": f"Bearer {here.access_token}"}

    assert (await house.client.post("/api/v2/auth/sign-out", headers=headers)).status_code == 204

    assert (await me_with(house, here.access_token)).status_code == 401
    assert (await refresh(house, here.refresh_token)).status_code == 401
    assert (await me_with(house, elsewhere.access_token)).status_code == 200


async def test_no_token_and_no_password_is_stored_in_the_clear(house):
    tokens = await tokens_of(house)

    def everything(session):
        hashes = list(session.scalars(select(RefreshTokenRow.token_hash)))
        passwords = list(session.scalars(select(MemberRow.password_hash)))
        return hashes, passwords

    hashes, passwords = await house.services.db.read(everything)
    assert tokens.refresh_token not in hashes
    assert all(stored.startswith("$argon2id$") for stored in passwords)


async def test_signing_in_is_on_the_record(house):
    await tokens_of(house)

    def acts(session):
        return list(session.execute(select(AuditRow.action, AuditRow.actor_id).order_by(AuditRow.at)).all())

    assert ("sign_in", house.seed.owner_id) in await house.services.db.read(acts)
    sessions = await house.services.db.read(lambda session: list(session.scalars(select(SessionRow.member_id))))
    assert sessions == [house.seed.owner_id]
