using System.Text.RegularExpressions;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

/// <summary>What a person is called; every part is optional and already cleaned.</summary>
public sealed record PersonName(string? Display, string? Given, string? Family)
{
    public static readonly PersonName None = new(null, null, null);

    public static PersonName Cleaned(string? display, string? given, string? family) =>
        new(Kernel.DisplayName.Clean(display), Kernel.DisplayName.Clean(given), Kernel.DisplayName.Clean(family));
}

/// <summary>What is known of a person besides addresses, each part optional, in the forms of OpenID Connect Core section 5.1.</summary>
public sealed partial record UserProfile
{
    public const int MaxPictureLength = 2048;
    public const int MaxPhoneLength = 16;
    public const int MaxLocaleLength = 35;
    public const int MaxZoneInfoLength = 64;

    public string? Name { get; init; }
    public string? GivenName { get; init; }
    public string? FamilyName { get; init; }

    /// <summary>An https address. Never fetched by this server.</summary>
    public string? Picture { get; init; }

    /// <summary>E.164.</summary>
    public string? PhoneNumber { get; init; }

    /// <summary>BCP 47.</summary>
    public string? Locale { get; init; }

    /// <summary>A name of the tz database. Its form is checked and not its being known: the database of a reader may be newer than ours.</summary>
    public string? ZoneInfo { get; init; }

    /// <summary>The same profile with cleaned names, or the first part that is wrong.</summary>
    public Result<UserProfile> Check()
    {
        foreach (var (text, field) in new[] { (Name, "name"), (GivenName, "givenName"), (FamilyName, "familyName") })
        {
            if (text is not null && DisplayName.Check(text, field) is { IsOk: false, Error: { } error }) return error;
        }

        if (Picture is not null && !IsPicture(Picture)) return UserErrors.PictureInvalid;
        if (PhoneNumber is not null && !Phone().IsMatch(PhoneNumber)) return UserErrors.PhoneNumberInvalid;
        if (Locale is not null && (Locale.Length > MaxLocaleLength || !LanguageTag().IsMatch(Locale))) return UserErrors.LocaleInvalid;
        if (ZoneInfo is not null && (ZoneInfo.Length > MaxZoneInfoLength || !Zone().IsMatch(ZoneInfo))) return UserErrors.ZoneInfoInvalid;
        return this with { Name = DisplayName.Clean(Name), GivenName = DisplayName.Clean(GivenName), FamilyName = DisplayName.Clean(FamilyName) };
    }

    /// <summary>Names of the parts that differ.</summary>
    public IReadOnlyList<string> DifferencesTo(UserProfile other) =>
    [
        .. new[]
        {
            ("name", Name == other.Name), ("givenName", GivenName == other.GivenName), ("familyName", FamilyName == other.FamilyName), ("picture", Picture == other.Picture),
            ("phoneNumber", PhoneNumber == other.PhoneNumber), ("locale", Locale == other.Locale), ("zoneInfo", ZoneInfo == other.ZoneInfo),
        }.Where(part => !part.Item2).Select(part => part.Item1),
    ];

    private static bool IsPicture(string text) =>
        text.Length <= MaxPictureLength && text.All(c => c is > ' ' and < '\u007F') && Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0 && uri.Host.Length > 0;

    [GeneratedRegex(@"\A\+[1-9][0-9]{6,14}\z")]
    private static partial Regex Phone();

    [GeneratedRegex(@"\A[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\z")]
    private static partial Regex LanguageTag();

    [GeneratedRegex(@"\A[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+){0,2}\z")]
    private static partial Regex Zone();
}
