"""The screens, each with its stylesheet beside it; `registry` lists them."""
