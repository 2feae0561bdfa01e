using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace TenantIdP.Core.Kernel;

/// <summary>
/// Eight random digits that a person types from a mail. A hundred million are too few to be guessed in the tries that there are, and too few to keep their bare hash: it is stored with a
/// secret that somebody else has.
/// </summary>
public readonly record struct OneTimeCode
{
    public const int Digits = 8;

    private OneTimeCode(string text) => Text = text;

    public string Text { get; }

    /// <summary>In two groups, as it is read and typed.</summary>
    public string Shown => $"{Text[..4]} {Text[4..]}";

    public static OneTimeCode New() => new(RandomNumberGenerator.GetInt32(100_000_000).ToString("D8", CultureInfo.InvariantCulture));

    /// <summary>As people type it: spaces and hyphens do not count.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out OneTimeCode code)
    {
        code = default;
        if (text is not { Length: >= Digits and <= 32 }) return false;
        var digits = string.Concat(text.Where(c => c is not (' ' or '-' or '\u00a0')));
        if (digits.Length != Digits || !digits.All(char.IsAsciiDigit)) return false;
        code = new OneTimeCode(digits);
        return true;
    }
}
