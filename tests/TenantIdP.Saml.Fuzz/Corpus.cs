namespace TenantIdP.Saml.Fuzz;

/// <summary>What the changes start from: genuine responses and metadata (the fixtures of TenantIdP.Saml.Tests), logout messages in both bindings, and shapes of known attacks.</summary>
internal sealed class Corpus(IReadOnlyList<(string Name, byte[] Bytes)> inputs)
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "corpus");

    public IReadOnlyList<(string Name, byte[] Bytes)> Inputs => inputs;

    /// <summary>In the order of their names, so that a seed means the same everywhere.</summary>
    public static Corpus Read() => new(
    [
        .. Directory.EnumerateFiles(Folder, "*", SearchOption.AllDirectories).Where(path => Path.GetExtension(path) is ".xml" or ".query")
            .Select(path => (Name: Path.GetRelativePath(Folder, path).Replace('\\', '/'), Path: path)).OrderBy(f => f.Name, StringComparer.Ordinal).Select(f => (f.Name, File.ReadAllBytes(f.Path))),
    ]);
}
