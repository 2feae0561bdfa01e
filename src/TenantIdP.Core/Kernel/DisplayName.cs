using System.Text;

namespace TenantIdP.Core.Kernel;

public static class NameErrors
{
    public static readonly Error Invalid = new(ErrorKind.Invalid, "invalid_name", $"Give a name of 1 to {DisplayName.MaxLength} characters without control characters.", "displayName");
}

/// <summary>The rule for every name a person reads: 1 to 200 characters of any script, NFC, no control or bidirectional-override characters.</summary>
public static class DisplayName
{
    public const int MaxLength = 200;

    public static Result<string> Check(string? text, string field)
    {
        var name = Clean(text);
        return name ?? (Result<string>)(NameErrors.Invalid with { Field = field });
    }

    /// <summary>The usable form, or null. For names that come from elsewhere (an upstream claim), where a bad one is dropped and not refused.</summary>
    public static string? Clean(string? text)
    {
        if (text is null || text.Length > MaxLength * 4) return null;
        string name;
        try
        {
            name = text.Trim().Normalize(NormalizationForm.FormC);
        }
        catch (ArgumentException)
        {
            return null; // lone surrogates
        }

        return name.Length is > 0 and <= MaxLength && !name.Any(c => char.IsControl(c) || c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069')) ? name : null;
    }
}
