declare module "virtual:sample-lengths" {
  /** Length of each sample in bytes, by its file name. */
  const lengths: Readonly<Record<string, number>>;
  export default lengths;
}
