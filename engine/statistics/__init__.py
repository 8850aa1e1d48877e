"""What a result is worth: figures of session returns, and whether the best of many tries is more than luck.

Functions of numpy arrays and floats. `sessions` are calendar days of the account, one row each; variants are columns.
"""
