using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using TenantIdP.Core.Instance;

namespace TenantIdP.Server.Theming;

/// <summary>The colours of one scheme, each <c>#rrggbb</c>.</summary>
internal sealed record ThemePalette
{
    public required string Accent { get; init; }
    public required string Page { get; init; }
    public required string Surface { get; init; }
    public required string Raised { get; init; }
    public required string Text { get; init; }
    public required string Muted { get; init; }
    public required string Line { get; init; }
    public required string Success { get; init; }
    public required string Warning { get; init; }
    public required string Danger { get; init; }

    internal IEnumerable<(string Name, string Value)> Colours =>
    [
        ("accent", Accent), ("page", Page), ("surface", Surface), ("raised", Raised), ("text", Text), ("muted", Muted), ("line", Line),
        ("success", Success), ("warning", Warning), ("danger", Danger),
    ];
}

/// <summary>A theme: typed values only, so that no theme can carry CSS of its own (SECURITY.md F4).</summary>
internal sealed partial record ThemeTokens
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private static readonly Dictionary<string, string> Fonts = new(StringComparer.Ordinal)
    {
        ["system"] = "system-ui, -apple-system, \"Segoe UI\", Roboto, \"Noto Sans\", \"Helvetica Neue\", Arial, sans-serif",
        ["serif"] = "ui-serif, Georgia, Cambria, \"Noto Serif\", \"Times New Roman\", serif",
        ["rounded"] = "ui-rounded, \"SF Pro Rounded\", \"Hiragino Maru Gothic ProN\", Quicksand, Nunito, system-ui, sans-serif",
        ["humanist"] = "Seravek, \"Gill Sans Nova\", Ubuntu, Calibri, \"DejaVu Sans\", sans-serif",
    };

    public required ThemePalette Light { get; init; }
    public required ThemePalette Dark { get; init; }

    /// <summary>Pixels.</summary>
    public required int Radius { get; init; }

    /// <summary>Pixels; at least 44, the size of a finger.</summary>
    public required int ControlHeight { get; init; }

    /// <summary>A name of the list, never a font of its own.</summary>
    public required string Font { get; init; }

    /// <exception cref="StartupException">The file is not a theme; the message says what is wrong.</exception>
    public static ThemeTokens Read(ThemeFile file)
    {
        var name = file.Name;
        ThemeTokens? tokens;
        try
        {
            tokens = JsonSerializer.Deserialize<ThemeTokens>(file.Content, Json);
        }
        catch (JsonException wrong)
        {
            throw new StartupException($"{name} is not a theme: {wrong.Message}", wrong);
        }

        if (tokens is null) throw new StartupException($"{name} is empty.");
        foreach (var (colour, value) in tokens.Light.Colours.Concat(tokens.Dark.Colours))
        {
            if (!Colour().IsMatch(value)) throw new StartupException($"{name}: the colour {colour} must have the form #rrggbb.");
        }

        if (tokens.Radius is < 0 or > 24) throw new StartupException($"{name}: radius must be 0 to 24.");
        if (tokens.ControlHeight is < 44 or > 64) throw new StartupException($"{name}: controlHeight must be 44 to 64.");
        if (!Fonts.ContainsKey(tokens.Font)) throw new StartupException($"{name}: font must be one of {string.Join(", ", Fonts.Keys)}.");
        return tokens;
    }

    /// <summary>Custom properties for both schemes.</summary>
    public string ToCss()
    {
        var css = new StringBuilder(2_048);
        css.Append(":root{color-scheme:light dark;");
        css.Append(CultureInfo.InvariantCulture, $"--radius:{Radius}px;--control:{ControlHeight}px;--font:{Fonts[Font]};");
        AppendPalette(css, Light);
        css.Append("--shadow:0 1px 2px rgb(20 24 31 / 6%),0 8px 24px rgb(20 24 31 / 8%);--edge:transparent}\n@media (prefers-color-scheme:dark){:root{");
        AppendPalette(css, Dark);
        css.Append("--shadow:none;--edge:var(--line)}}\n");
        return css.ToString();
    }

    private static void AppendPalette(StringBuilder css, ThemePalette palette)
    {
        foreach (var (name, value) in palette.Colours) css.Append(CultureInfo.InvariantCulture, $"--{name}:{value};");
        css.Append(CultureInfo.InvariantCulture, $"--on-accent:{ReadableOn(palette.Accent)};");
    }

    /// <summary>Black or white, whichever has the higher contrast (WCAG 2.2, relative luminance).</summary>
    private static string ReadableOn(string colour)
    {
        var luminance = 0.2126 * Linear(colour[1..3]) + 0.7152 * Linear(colour[3..5]) + 0.0722 * Linear(colour[5..7]);
        return 1.05 / (luminance + 0.05) >= (luminance + 0.05) / 0.05 ? "#ffffff" : "#0f1216";

        static double Linear(string hex)
        {
            var channel = int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
            return channel <= 0.04045 ? channel / 12.92 : Math.Pow((channel + 0.055) / 1.055, 2.4);
        }
    }

    [GeneratedRegex("^#[0-9a-fA-F]{6}$")]
    private static partial Regex Colour();
}
