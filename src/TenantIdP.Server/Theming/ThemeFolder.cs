using System.Reflection;
using System.Text.RegularExpressions;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Theming;

/// <summary>
/// The files of this installation's theme: <c>themes/&lt;name&gt;</c> beside the content root or the program, named by the setting <c>TenantIdP:Theme</c>. What a theme doesn't have is the
/// default's, and what that doesn't have on disk is inside the program.
/// </summary>
internal sealed partial class ThemeFolder
{
    public const string Setting = "TenantIdP:Theme";
    public const string Default = "default";

    private const string Root = "themes";

    private readonly string[] roots;

    /// <exception cref="StartupException">The setting names no theme.</exception>
    public ThemeFolder(IWebHostEnvironment environment, IConfiguration? configuration)
    {
        roots = [environment.ContentRootPath, AppContext.BaseDirectory];
        Name = configuration?[Setting] is { Length: > 0 } name ? name : Default;
        if (!ThemeName().IsMatch(Name)) throw new StartupException($"{Setting} must be the name of a folder in {Root}/: lower-case letters, digits and hyphens.");
        if (Name != Default && !roots.Any(root => File.Exists(Path.Combine(root, Root, Name, "theme.json")))) throw new StartupException($"{Setting}: there is no {Root}/{Name}/theme.json beside the program.");
    }

    public string Name { get; }

    /// <summary>The file of this theme, or the default's; null when neither has it.</summary>
    /// <exception cref="StartupException">It is too large.</exception>
    public ThemeFile? Find(string file, int maxBytes) => ReadDisk(Name, file, maxBytes) ?? (Name == Default ? null : ReadDisk(Default, file, maxBytes)) ?? ReadEmbedded($"{Root}/{Default}/{file}");

    /// <summary>All files of a folder whose names end so, those that override others last: inside the program, the default's, this theme's.</summary>
    public IEnumerable<ThemeFile> List(string folder, string extension, int maxBytes)
    {
        var prefix = $"{Root}/{Default}/{folder}/";
        foreach (var resource in Assembly.GetExecutingAssembly().GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal) && n.EndsWith(extension, StringComparison.Ordinal)))
        {
            if (ReadEmbedded(resource) is { } file) yield return file;
        }

        foreach (var theme in Name == Default ? (string[])[Default] : [Default, Name])
        {
            if (roots.Select(root => Path.Combine(root, Root, theme, folder)).FirstOrDefault(Directory.Exists) is not { } found) continue;
            foreach (var path in Directory.EnumerateFiles(found, "*" + extension).Order(StringComparer.Ordinal)) yield return ReadFile(path, $"{Root}/{theme}/{folder}/{Path.GetFileName(path)}", maxBytes);
        }
    }

    private ThemeFile? ReadDisk(string theme, string file, int maxBytes) =>
        roots.Select(root => Path.Combine(root, Root, theme, file)).FirstOrDefault(File.Exists) is { } path ? ReadFile(path, $"{Root}/{theme}/{file}", maxBytes) : null;

    private static ThemeFile ReadFile(string path, string name, int maxBytes) =>
        new FileInfo(path).Length <= maxBytes ? new ThemeFile(name, File.ReadAllBytes(path)) : throw new StartupException($"{path} is larger than {maxBytes} bytes.");

    private static ThemeFile? ReadEmbedded(string resource)
    {
        using var embedded = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource);
        if (embedded is null) return null;
        using var memory = new MemoryStream();
        embedded.CopyTo(memory);
        return new ThemeFile(resource, memory.ToArray());
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,39}$")]
    private static partial Regex ThemeName();
}

/// <param name="Name">As a person finds it: <c>themes/default/texts/de.json</c>.</param>
internal sealed record ThemeFile(string Name, byte[] Content)
{
    public string FileName => Path.GetFileName(Name);
}
