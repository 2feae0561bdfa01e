using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Theming;

/// <summary>One file that browsers fetch, named by its content.</summary>
internal sealed record Asset(string Path, string ContentType, byte[] Content, string ETag);

/// <summary>
/// The theme of this installation: <c>themes/default</c> beside the content root or the program, else the one inside the program. Read once at start; a change of a file
/// needs a restart and gets a new name.
/// </summary>
internal sealed class Theme
{
    private const string Folder = "themes/default";
    private const int MaxFileBytes = 64 * 1024;

    private readonly Dictionary<string, Asset> assets;

    public Theme(IWebHostEnvironment environment)
    {
        var tokens = ThemeTokens.Read(Read(environment, "theme.json"), $"{Folder}/theme.json");
        Accent = tokens.Light.Accent;
        var css = tokens.ToCss() + Encoding.UTF8.GetString(Read(environment, "theme.css"));
        var stylesheet = MakeAsset("theme", "css", "text/css; charset=utf-8", Encoding.UTF8.GetBytes(css));
        var logo = MakeAsset("logo", "svg", "image/svg+xml", Read(environment, "logo.svg"));
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

    private static byte[] Read(IWebHostEnvironment environment, string file)
    {
        foreach (var root in (string[])[environment.ContentRootPath, AppContext.BaseDirectory])
        {
            var path = Path.Combine(root, Folder, file);
            if (!File.Exists(path)) continue;
            return new FileInfo(path).Length <= MaxFileBytes ? File.ReadAllBytes(path) : throw new StartupException($"{path} is larger than {MaxFileBytes} bytes.");
        }

        using var embedded = Assembly.GetExecutingAssembly().GetManifestResourceStream($"{Folder}/{file}") ?? throw new InvalidOperationException($"{Folder}/{file} is not embedded.");
        using var memory = new MemoryStream();
        embedded.CopyTo(memory);
        return memory.ToArray();
    }

    private static Asset MakeAsset(string name, string extension, string contentType, byte[] content)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(content))[..16];
        return new Asset($"/assets/{name}-{hash}.{extension}", contentType, content, $"\"{hash}\"");
    }
}
