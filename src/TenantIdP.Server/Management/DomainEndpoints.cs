using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class DomainEndpoints
{
    public static void MapDomains(this RouteGroupBuilder organization)
    {
        var domains = organization.MapGroup("/domains").WithTags("Domains");

        domains.MapGet("/", ListAsync).WithName("ListDomains").RequireOrganization(Permission.DomainsRead);
        domains.MapGet("/{domainId}", FindAsync).WithName("GetDomain").RequireOrganization(Permission.DomainsRead);
        domains.MapPatch("/{domainId}", UpdateAsync).WithName("UpdateDomain").RequireOrganization(Permission.DomainsWrite).WithErrors(RoleErrors.Escalation)
            .WithSummary("Where people of the domain sign in, and how they join.");
        domains.MapPost("/", ClaimAsync).WithName("ClaimDomain").RequireOrganization(Permission.DomainsWrite);
        domains.MapDelete("/{domainId}", ReleaseAsync).WithName("ReleaseDomain").RequireOrganization(Permission.DomainsWrite);
        domains.MapPost("/{domainId}/verify", VerifyAsync).WithName("VerifyDomain").RequireOrganization(Permission.DomainsWrite).WithErrors(DomainErrors.MethodOff, DomainErrors.NeedsDnsProof, DomainErrors.TooManyChecks)
            .WithDescription("Looks for the proof now, which takes up to half a minute, and answers what was seen, whether it proves the domain or not. A claim that had failed is looked for by itself again.");
        domains.MapGet("/{domainId}/proof-attempts", ListAttemptsAsync).WithName("ListDomainProofAttempts").RequireOrganization(Permission.DomainsRead)
            .WithDescription("What was seen when the proof was looked for, the newest first; the last five of each method are kept.");
        domains.MapPost("/{domainId}/replace-challenge", ReplaceChallengeAsync).WithName("ReplaceDomainChallenge").RequireOrganization(Permission.DomainsWrite)
            .WithDescription("Gives the claim another token. Not while the domain is held by the one it has.");
        domains.MapPost("/{domainId}/affiliation", RequestAffiliationAsync).WithName("RequestDomainAffiliation").RequireOrganization(Permission.DomainsWrite).WithErrors(UserErrors.EmailInvalid, UserErrors.LocaleInvalid)
            .WithDescription("Mails a code to a mailbox at the domain, for fifteen minutes. Whoever enters it shows that people of the organization have mailboxes there, which lets others ask to join, and proves nothing more.");
        domains.MapPost("/{domainId}/affiliation/confirm", ConfirmAffiliationAsync).WithName("ConfirmDomainAffiliation").RequireOrganization(Permission.DomainsWrite)
            .WithDescription("Enters the code that was mailed last. Each can be tried five times; the affiliation ends after a year, with the claim, or when another organization verifies the domain.");
        domains.MapPost("/{domainId}/verify-by-operator", VerifyByOperatorAsync).WithName("VerifyDomainByOperator").RequireInstance();
    }

    private static Task<Results<Ok<ListResponse<DomainResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] PageQuery query, DomainService domains, CancellationToken ct) =>
        query.AnswerAsync(page => domains.ListAsync(organizationId, page, ct), DomainResponse.From);

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, DomainService domains, CancellationToken ct) =>
        (await domains.FindAsync(organizationId, domainId, ct)).ToOk(DomainResponse.From);

    private static async Task<Results<Created<DomainResponse>, ProblemHttpResult>> ClaimAsync(
        Id<Organization> organizationId, ClaimDomainRequest request, DomainService domains, CancellationToken ct)
    {
        var claimed = await domains.ClaimAsync(organizationId, request.Host, request.IncludeSubdomains, ct);
        return claimed.ToCreated(DomainResponse.From, d => $"{ManagementEndpoints.Path}/organizations/{organizationId}/domains/{d.Id}");
    }

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> UpdateAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, DomainChanges changes, [FromHeader(Name = "If-Match")] string? ifMatch, DomainRouting routing, ManagementCaller caller, CancellationToken ct) =>
        (await routing.UpdateAsync(organizationId, domainId, changes, caller.Granter, EntityTags.Expected(ifMatch), ct)).ToOk(DomainResponse.From);

    private static async Task<Results<NoContent, ProblemHttpResult>> ReleaseAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, DomainService domains, CancellationToken ct) =>
        (await domains.ReleaseAsync(organizationId, domainId, ct)).ToNoContent();

    private static async Task<Results<Ok<DomainProofResponse>, ProblemHttpResult>> VerifyAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, VerifyDomainRequest request, DomainProofs proofs, CancellationToken ct) =>
        (await proofs.VerifyAsync(organizationId, domainId, request.Method, ct)).ToOk(DomainProofResponse.From);

    private static Task<Results<Ok<ListResponse<DomainProofAttemptResponse>>, ProblemHttpResult>> ListAttemptsAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, [AsParameters] PageQuery query, DomainProofs proofs, CancellationToken ct) =>
        query.AnswerAsync(page => proofs.ListAsync(organizationId, domainId, page, ct), DomainProofAttemptResponse.From);

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> ReplaceChallengeAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, DomainProofs proofs, CancellationToken ct) =>
        (await proofs.ReplaceChallengeAsync(organizationId, domainId, ct)).ToOk(DomainResponse.From);

    private static async Task<Results<Accepted<DomainAffiliationResponse>, ProblemHttpResult>> RequestAffiliationAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, RequestDomainAffiliationRequest request, DomainAffiliations affiliations, CancellationToken ct)
    {
        var sent = await affiliations.RequestAsync(organizationId, domainId, request.Email, request.Locale, ct);
        return sent.IsOk ? TypedResults.Accepted((string?)null, new DomainAffiliationResponse(sent.Value)) : Problems.From(sent.Error);
    }

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> ConfirmAffiliationAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, ConfirmDomainAffiliationRequest request, DomainAffiliations affiliations, CancellationToken ct) =>
        (await affiliations.ConfirmAsync(organizationId, domainId, request.Code, ct)).ToOk(DomainResponse.From);

    private static async Task<Results<Ok<DomainResponse>, ProblemHttpResult>> VerifyByOperatorAsync(
        Id<Organization> organizationId, Id<OrganizationDomain> domainId, VerifyDomainByOperatorRequest request, DomainService domains, CancellationToken ct) =>
        (await domains.VerifyByOperatorAsync(organizationId, domainId, request.Reason, ct)).ToOk(DomainResponse.From);
}

/// <param name="Host">As pasted: a host, <c>@host</c> or a URL.</param>
public sealed record ClaimDomainRequest([property: Required, MaxLength(2_000)] string Host, bool IncludeSubdomains = false);

/// <param name="Method"><c>dns</c>, <c>meta_tag</c> or <c>file</c>.</param>
public sealed record VerifyDomainRequest([property: Required] VerificationMethod Method);

/// <param name="Reason">Why you vouch; kept with the domain and in the event.</param>
public sealed record VerifyDomainByOperatorRequest([property: Required] string Reason);

/// <param name="Email">A mailbox at this very domain that you can read.</param>
/// <param name="Locale">The language of the mail, such as <c>de</c>; English unless given.</param>
public sealed record RequestDomainAffiliationRequest([property: Required, MaxLength(2_000)] string Email, string? Locale = null);

/// <param name="Code">As it was mailed; hyphens, spaces and case don't matter.</param>
public sealed record ConfirmDomainAffiliationRequest([property: Required, MaxLength(100)] string Code);

/// <param name="ExpiresAt">Until when the code can be entered.</param>
public sealed record DomainAffiliationResponse(DateTimeOffset ExpiresAt);

/// <param name="UnicodeHost">The host as its readers write it.</param>
/// <param name="LookAlike">The name mixes alphabets or imitates Latin letters: read it twice before you trust it.</param>
/// <param name="Challenge">The token that a proof must show.</param>
/// <param name="Assignment">What happens with a person who has a verified address here and is no member.</param>
/// <param name="DefaultRole">The key of the role of those who join by this domain.</param>
/// <param name="Connections">Which connections its people go to, in their order; empty: all active ones.</param>
/// <param name="Verified">Held by a proof that stands: <c>verified</c> or <c>at_risk</c>.</param>
/// <param name="AffiliatedAt">Since when people of its addresses may ask to join although nobody has verified it; null when it is not affiliated.</param>
/// <param name="AffiliatedUntil">When that ends, unless a code is entered again.</param>
/// <param name="AffiliatedBy">How it was shown.</param>
/// <param name="TransferAt">When it passes from one organization to another; see <c>status</c> for which this is.</param>
public sealed record DomainResponse(
    Id<OrganizationDomain> Id, string Host, string UnicodeHost, bool LookAlike, bool IncludeSubdomains, AssignmentMode Assignment, string DefaultRole, IReadOnlyList<DomainConnectionRule> Connections, DomainStatus Status, string Challenge, DomainRecords Records, bool Verified, DateTimeOffset? VerifiedAt,
    VerificationMethod? VerifiedBy, string? VerificationReason, DateTimeOffset? AtRiskAt, DateTimeOffset? LapsedAt, DateTimeOffset? FailedAt, DateTimeOffset? TransferAt, DateTimeOffset? TransferredAt,
    DateTimeOffset? AffiliatedAt, DateTimeOffset? AffiliatedUntil, AffiliationMethod? AffiliatedBy, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, int Version) : IVersionedResponse
{
    internal static DomainResponse From(OrganizationDomain d) => new(
        d.Id, d.Host.Value, d.Host.ToUnicode(), HostScript.LooksLikeAnother(d.Host), d.IncludeSubdomains, d.Assignment, d.DefaultRoleKey,
        [.. d.Connections.OrderBy(c => c.Position).Select(c => new DomainConnectionRule(c.ConnectionId, c.Host))], d.Status, d.Challenge, DomainRecords.Of(d), d.IsVerified, d.VerifiedAt,
        d.VerifiedBy, d.VerificationReason, d.AtRiskAt, d.LapsedAt, d.FailedAt, d.TransferAt, d.TransferredAt,
        d.AffiliatedAt, d.AffiliatedUntil, d.AffiliatedBy, d.ClaimedAt, d.UpdatedAt, d.Version);
}

/// <summary>What to publish, ready to copy: one of them.</summary>
/// <param name="DnsName">The full name of the TXT record; the domain itself does, too.</param>
/// <param name="FileUrls">One of them, with the token as its content.</param>
public sealed record DomainRecords(string DnsName, string DnsValue, string MetaTag, IReadOnlyList<string> FileUrls, string FileContent)
{
    internal static DomainRecords Of(OrganizationDomain d) => new(
        DomainProof.DnsName(d.Host), DomainProof.DnsValue(d.Challenge), DomainProof.MetaTag(d.Challenge),
        [$"https://{d.Host}{DomainProof.WellKnownPath}", $"https://{d.Host}{DomainProof.RootPath}"], d.Challenge);
}

/// <param name="Proven">Whether this look saw the proof. The domain is held when its <c>status</c> says so: what another organization let lapse passes after a notice.</param>
public sealed record DomainProofResponse(bool Proven, DomainResponse Domain, DomainProofAttemptResponse Attempt)
{
    internal static DomainProofResponse From(DomainVerdict v) => new(v.Attempt!.Proven, DomainResponse.From(v.Domain), DomainProofAttemptResponse.From(v.Attempt)); // a look leaves one
}

/// <param name="Scheduled">By itself, not because somebody asked.</param>
public sealed record DomainProofAttemptResponse(Id<DomainProofAttempt> Id, VerificationMethod Method, bool Proven, bool Scheduled, DateTimeOffset At, IReadOnlyList<DomainSighting> Seen)
{
    internal static DomainProofAttemptResponse From(DomainProofAttempt a) => new(a.Id, a.Method, a.Proven, a.Scheduled, a.At, a.Seen);
}
