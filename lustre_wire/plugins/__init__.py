"""What pytest and hypothesis load by themselves wherever lustre-wire is installed.

They do so whether it is used or not, so that nothing here imports, before it is used, what an installation may lack.
"""
