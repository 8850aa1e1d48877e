"""The audit: does the journal agree with itself, and what is stored beside it with the journal?"""
