using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Tests.Scim.Dialects;

/// <summary>
/// One request as a directory sends it, and what it must be answered. <c>&lt;name&gt;</c> in a path or a body is the id that an earlier step has kept under that name;
/// <c>&lt;domain&gt;</c> is the organization's verified domain.
/// </summary>
internal sealed record Step(HttpMethod Method, string Path, string? Body = null)
{
    public int Status { get; private init; } = 200;

    /// <summary>What the answer must contain: see <see cref="JsonShape"/>.</summary>
    public string? Has { get; private init; }

    public string? Name { get; private init; }

    /// <summary>The ids that a list must have, no other, in any order.</summary>
    public IReadOnlyList<string>? Found { get; private init; }

    public Step Answers(int status, [StringSyntax(StringSyntaxAttribute.Json)] string? has = null) => this with { Status = status, Has = has };

    /// <summary>An answered resource's id, by this name from now on.</summary>
    public Step Keeps(string name) => this with { Name = name };

    public Step Finds(params string[] names) => this with { Found = names };

    public override string ToString() => $"{Method} {Path}";
}

/// <summary>How one vendor's requests look, whatever they ask.</summary>
/// <param name="Flag">What its administrators append to the base address; it comes with every request.</param>
internal sealed record Vendor(string Name, string ContentType = "application/scim+json", string Accept = "application/scim+json", string? Flag = null)
{
    public static readonly Vendor Entra = new("Microsoft Entra", "application/scim+json; charset=utf-8");
    public static readonly Vendor EntraCompliant = Entra with { Name = "Microsoft Entra, compliant", Flag = "aadOptscim062020" };
    public static readonly Vendor Okta = new("Okta", "application/scim+json; charset=utf-8");
    public static readonly Vendor Google = new("Google");
    public static readonly Vendor OneLogin = new("OneLogin", "application/json", "application/json");
    public static readonly Vendor JumpCloud = new("JumpCloud", "application/scim+json", "application/scim+json, application/json");
    public static readonly Vendor Ping = new("Ping Identity");
    public static readonly Vendor CyberArk = new("CyberArk", "application/json", "*/*");
    public static readonly Vendor SailPoint = new("SailPoint", "application/json", "application/json");
    public static readonly Vendor Rippling = new("Rippling");
    public static readonly Vendor Bitwarden = new("Bitwarden", "application/scim+json", "application/scim+json");
}
