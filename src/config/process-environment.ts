/** The environment of this process, for those that start programs with it or are tested with another. */
export const processEnvironment = (): NodeJS.ProcessEnv => process.env;
