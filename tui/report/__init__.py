"""Reports: a run plan or an account as one file to send, in HTML or in Markdown."""
