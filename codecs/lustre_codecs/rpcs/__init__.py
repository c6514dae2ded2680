"""RPC formats, one file a service.

Source: the slot lists of 2.0.0 to 2.17.0 in `fixtures/facts/wire-history.json` (layout.c), and the formats of 1.8.9 and
2.0.0 in `fixtures/facts/rpc-formats.json`, from which the words are: in docstrings ``1.8:`` and ``2.0:`` begin what is
so in the one alone. Portals after 2.0 are those that senders set (mdc, osc, osp, ldlm) and services listen on; status
and words after 2.0 are inferred where nothing here dates them.
"""
