using System.ComponentModel.DataAnnotations;
using System.Net;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

/// <summary>What domains may be claimed here and how they are proven.</summary>
public sealed record DomainOptions : IValidatableObject
{
    public const string Section = "TenantIdP:Domains";

    /// <summary>The methods that prove a domain; all three unless set. What was proven by one that is no longer named is proven no more: it becomes at risk, and lapses.</summary>
    public IReadOnlyList<VerificationMethod> AuthorityMethods { get; init; } = [];

    /// <summary>The resolvers that are asked, as <c>address</c> or <c>address:port</c> (<c>[::1]:53</c>); those of the system unless set. At most 8. A proof counts when every resolver that answered saw it.</summary>
    [MaxLength(MaxResolvers)]
    public IReadOnlyList<string> Resolvers { get; init; } = [];

    /// <summary>Hosts that may be claimed whatever the lists say, each with what lies beneath it.</summary>
    public IReadOnlyList<string> Allowed { get; init; } = [];

    /// <summary>A public suffix list to use instead of the embedded one.</summary>
    public string? PublicSuffixFile { get; init; }

    /// <summary>More hosts that nobody may claim, one a line, each with what lies beneath it; <c>#</c> begins a comment.</summary>
    public string? RefusedFile { get; init; }

    /// <summary>Claims of one organization, verified or not.</summary>
    [Range(1, 100_000)]
    public int MaxPerOrganization { get; init; } = 500;

    /// <summary>Names that are reserved for tests and private networks may be claimed; set by composition only (in Development).</summary>
    public bool AllowReserved { get; private init; }

    public const int MaxResolvers = 8;

    /// <summary>In the order in which they are tried.</summary>
    public IReadOnlyList<VerificationMethod> Methods => AuthorityMethods.Count > 0 ? AuthorityMethods : [VerificationMethod.Dns, VerificationMethod.MetaTag, VerificationMethod.File];

    public DomainOptions ForDevelopment() => this with { AllowReserved = true };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AuthorityMethods.Contains(VerificationMethod.Operator) || AuthorityMethods.Distinct().Count() != AuthorityMethods.Count)
            yield return new ValidationResult("Name each of Dns, MetaTag and File at most once.", [nameof(AuthorityMethods)]);
        if (Resolvers.FirstOrDefault(text => Endpoint(text) is null) is { } resolver) yield return new ValidationResult($"'{resolver}' is no address of a resolver.", [nameof(Resolvers)]);
        if (Allowed.FirstOrDefault(host => !HostScript.TryToAscii(host, out var ascii) || ascii.Length == 0 || ascii.Contains('*', StringComparison.Ordinal)) is { } wrong)
            yield return new ValidationResult($"'{wrong}' is no host.", [nameof(Allowed)]);
    }

    /// <returns>Null when it is none. Port 53 unless written.</returns>
    public static IPEndPoint? Endpoint(string text)
    {
        if (!IPEndPoint.TryParse(text, out var endpoint)) return null;
        return endpoint.Port == 0 ? new IPEndPoint(endpoint.Address, 53) : endpoint;
    }
}
