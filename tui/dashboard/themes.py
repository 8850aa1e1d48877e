"""Light, dark and high contrast. Profit and loss are a pair that the colour-blind can tell apart: blue and orange."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT, CONTRAST = "dark", "light", "high-contrast"

THEMES = (
    Theme(
        DARK,
        primary="#7aa2d6",
        secondary="#8fa3b8",
        accent="#e0b050",
        warning="#e0b050",
        error="#f08a4b",
        success="#56b4e9",
        foreground="#d5dae1",
        background="#14171c",
        surface="#14171c",
        panel="#20252d",
        variables={
            "gain": "#56b4e9",
            "loss": "#f09a3e",
            "muted": "#8b95a3",
            "block-cursor-background": "#3b5b86",
            "block-cursor-foreground": "#ffffff",
            "footer-background": "#20252d",
        },
    ),
    Theme(
        LIGHT,
        primary="#1f5f9e",
        secondary="#4d5b6b",
        accent="#8a5a00",
        warning="#8a5a00",
        error="#a33c00",
        success="#0060a0",
        foreground="#1c2128",
        background="#fbfbf8",
        surface="#fbfbf8",
        panel="#e8eaed",
        dark=False,
        variables={
            "gain": "#0060a0",
            "loss": "#a34700",
            "muted": "#5a6572",
            "block-cursor-background": "#1f5f9e",
            "block-cursor-foreground": "#ffffff",
            "footer-background": "#e8eaed",
        },
    ),
    Theme(
        CONTRAST,
        primary="#ffffff",
        secondary="#ffffff",
        accent="#ffff00",
        warning="#ffff00",
        error="#ffb000",
        success="#7fd4ff",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#000000",
        text_alpha=1.0,
        variables={
            "gain": "#7fd4ff",
            "loss": "#ffb000",
            "muted": "#ffffff",
            "block-cursor-background": "#ffff00",
            "block-cursor-foreground": "#000000",
            "footer-background": "#000000",
            "footer-key-foreground": "#ffff00",
        },
    ),
)

FALLBACK = {"gain": "#56b4e9", "loss": "#f09a3e", "muted": "#8b95a3"}
"""For the themes that Textual brings."""
