namespace TenantIdP.Scim;

/// <summary>An error answer (RFC 7644 3.12).</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ScimType">One of <see cref="ScimTypes"/>; null where the standard has no keyword.</param>
/// <param name="Detail">
/// For the person who set the client up: what was wrong and where. Identity providers show it. It quotes at most <see cref="ScimErrors.LongestQuote"/> characters of the request,
/// and never a value that could be a password.
/// </param>
public sealed record ScimError(int Status, string? ScimType, string Detail);

/// <summary>The keywords of <c>scimType</c>: RFC 7644 table 9, and RFC 9865 2.1.</summary>
public static class ScimTypes
{
    public const string InvalidFilter = "invalidFilter";
    public const string TooMany = "tooMany";
    public const string Uniqueness = "uniqueness";
    public const string Mutability = "mutability";
    public const string InvalidSyntax = "invalidSyntax";
    public const string InvalidPath = "invalidPath";
    public const string NoTarget = "noTarget";
    public const string InvalidValue = "invalidValue";
    public const string InvalidVersion = "invalidVers";
    public const string Sensitive = "sensitive";
    public const string InvalidCursor = "invalidCursor";
    public const string ExpiredCursor = "expiredCursor";
    public const string InvalidCount = "invalidCount";
}
