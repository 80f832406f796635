export async function inspect(_args: readonly string[]): Promise<0> {
  return 0;
}
