using System.Security.Cryptography;
using System.Text;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Theming;

/// <summary>One file that browsers fetch, named by its content.</summary>
internal sealed record Asset(string Path, string ContentType, byte[] Content, string ETag);

/// <summary>The theme of this installation, out of its <see cref="ThemeFolder"/>. Read once at start; a change of a file needs a restart and gets a new name.</summary>
internal sealed class Theme
{
    private const int MaxFileBytes = 64 * 1024;

    private readonly Dictionary<string, Asset> assets;

    public Theme(ThemeFolder folder)
    {
        var tokens = ThemeTokens.Read(Read(folder, "theme.json"));
        Accent = tokens.Light.Accent;
        var css = tokens.ToCss() + Encoding.UTF8.GetString(Read(folder, "theme.css").Content);
        var stylesheet = MakeAsset("theme", "css", "text/css; charset=utf-8", Encoding.UTF8.GetBytes(css));
        var logo = MakeAsset("logo", "svg", "image/svg+xml", Read(folder, "logo.svg").Content);
        // Of the program, not of the theme: a theme brings no script.
        var submit = MakeAsset("submit", "js", "text/javascript; charset=utf-8", "document.forms[0].submit();"u8.ToArray());
        (CssPath, LogoPath, SubmitPath) = (stylesheet.Path, logo.Path, submit.Path);
        assets = new[] { stylesheet, logo, submit }.ToDictionary(a => a.Path, StringComparer.Ordinal);
    }

    public string CssPath { get; }
    public string LogoPath { get; }

    /// <summary>As <c>#rrggbb</c>, for what has no style sheet: mails.</summary>
    public string Accent { get; }

    /// <summary>Posts the only form of a page.</summary>
    public string SubmitPath { get; }

    public Asset? Find(string path) => assets.GetValueOrDefault(path);

    private static ThemeFile Read(ThemeFolder folder, string file) => folder.Find(file, MaxFileBytes) ?? throw new StartupException($"themes/{folder.Name}/{file} is missing.");

    private static Asset MakeAsset(string name, string extension, string contentType, byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..16];
        return new Asset($"/assets/{name}-{hash}.{extension}", contentType, content, $"\"{hash}\"");
    }
}
