"""The design system, public to plugins: theme, icons, widgets, lists and the chat timeline.

Import from its modules (`ui_kit.buttons`, `ui_kit.labels`, …): this package imports none of them, so that a program
pays for the ones it uses. Every widget takes the `ThemeManager` first; painting functions for delegates take a `Theme`.
"""
