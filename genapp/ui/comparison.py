"""A picture before and after, with a divider between them."""

import gradio as gr


def picture(elem_id: str, label: str = "Before and after", at: int = 50) -> gr.ImageSlider:
    """Lay out both pictures. `at` is where the divider stands at first, in percent."""
    return gr.ImageSlider(
        label=label,
        type="filepath",
        format="png",
        buttons=["fullscreen"],
        interactive=False,
        max_height=520,
        slider_position=at,
        elem_id=elem_id,
    )


def divider(shown: gr.ImageSlider, elem_id: str) -> None:
    """Lay out a slider that moves the divider of `shown`, for hands that cannot drag it."""
    slider = gr.Slider(
        0,
        100,
        shown.slider_position,
        step=1,
        label="Before ↔ after",
        info="Moves the divider; works with the arrow keys too.",
        elem_id=elem_id,
    )
    slider.input(
        None,
        slider,
        shown,
        js="position => ({__type__: 'update', slider_position: position})",
        api_visibility="private",
    )
