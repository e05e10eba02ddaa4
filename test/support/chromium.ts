import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser of this machine: CHROMIUM_PATH, or where systems put it; `undefined` where there is none. */
export const CHROMIUM: string | undefined = [process.env['CHROMIUM_PATH'], ...PLACES].find(
  (place) => place !== undefined && existsSync(place),
);

/** A headless Chromium with a profile of its own, that talks to nobody but the pages it is shown. */
export class Browser {
  private constructor(
    private readonly context: BrowserContext,
    private readonly profile: string,
  ) {}

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'baton-chromium-'));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      viewport: { width: 1440, height: 1400 },
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    return new Browser(context, profile);
  }

  /** Opens an address and waits until its text, frames included, has all of `texts`; returns the text. @throws Error with the text after half a minute. */
  async textOf(address: string, texts: readonly string[]): Promise<string> {
    const page = await this.context.newPage();
    try {
      await page.goto(address, { waitUntil: 'domcontentloaded' });
      for (const until = Date.now() + 30_000; ; await page.waitForTimeout(250)) {
        const text = await shownOn(page);
        const missing = texts.filter((wanted) => !text.includes(wanted));
        if (missing.length === 0) return text;
        if (Date.now() > until)
          throw new Error(`${address} does not show ${missing.map((m) => JSON.stringify(m)).join(', ')}, but:\n${text}`);
      }
    } finally {
      await page.close();
    }
  }

  async stop(): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What a person can read: the page, and the frames in which it shows Markdown. White space as one blank. */
async function shownOn(page: Page): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not shown.
  const texts = await Promise.all(page.frames().map((frame) => frame.innerText('body', { timeout: 2_000 }).catch(() => '')));
  return texts.join('\n').replace(/\s+/g, ' ');
}
