# What dom0 does with the payload. Descriptor 3 leads to the host.
node /lab/runner.mjs
