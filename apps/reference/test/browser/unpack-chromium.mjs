/**
 * Unpacks the Chromium of @sparticuz/chromium into the folder in TMPDIR. Run as
 * a process of its own, since the package looks at the environment when it is loaded: told that this is a bare
 * machine, it brings the shared libraries along that Chromium needs (NSS and others).
 */
import chromium from '@sparticuz/chromium';

await chromium.executablePath();
