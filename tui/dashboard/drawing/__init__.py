"""What plotext cannot draw well: maps in half blocks, candles, and the axes beside them. Pure: numbers in, text out."""
