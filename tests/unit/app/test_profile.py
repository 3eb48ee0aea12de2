"""A profile remembers its settings and survives a damaged file."""

from huntaze_desktop.app.profile import Profile, Settings, throw_away_profile


def test_settings_come_back_as_they_were_saved(tmp_path):
    profile = Profile.open("ana", tmp_path)
    settings = Settings(mode="own", email="ana@agency.example", theme="dark", window=(1440, 900))
    profile.save(settings)
    assert Profile.open("ana", tmp_path).settings() == settings


def test_a_damaged_settings_file_means_defaults(tmp_path):
    profile = Profile.open("ana", tmp_path)
    (profile.folder / "settings.json").write_text("{half a fi")
    assert profile.settings() == Settings()


def test_settings_of_a_newer_desktop_are_read_as_far_as_they_are_known(tmp_path):
    profile = Profile.open("ana", tmp_path)
    (profile.folder / "settings.json").write_text('{"theme": "dark", "hologram": true}')
    assert profile.settings() == Settings(theme="dark")


def test_the_folder_is_for_its_owner_only(tmp_path):
    assert Profile.open("ana", tmp_path).folder.stat().st_mode & 0o077 == 0


def test_a_throw_away_profile_leaves_nothing():
    with throw_away_profile() as profile:
        profile.save(Settings(theme="dark"))
        assert profile.folder.exists()
    assert not profile.folder.exists()
