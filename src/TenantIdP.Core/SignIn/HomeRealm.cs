using TenantIdP.Core.Connections;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.SignIn;

/// <summary>Where a person is sent to prove who they are: to a connection, to a choice among those of one organization, or to a credential of this instance.</summary>
/// <param name="OrganizationName">Shown before the person leaves: whose sign-in comes next. Only facts that are public by DNS or by the app's own request.</param>
public sealed record Realm(Id<Connection>? Connection, string? OrganizationName)
{
    public static readonly Realm Local = new(null, null);

    /// <summary>Of one organization, when a person has to say which.</summary>
    public IReadOnlyList<RealmConnection> Choices { get; init; } = [];

    /// <summary>What this browser used last, where nothing decides against it; the person may take it or not.</summary>
    public RealmConnection? Suggested { get; init; }

    /// <summary>Whose it is.</summary>
    public string? SuggestedBy { get; init; }

    public bool IsLocal => Connection is null && Choices.Count == 0;

    /// <summary>The connection, or any of those that there is a choice of: they are of one organization. Null for a credential of this instance.</summary>
    public Id<Connection>? Leads => Connection ?? (Choices is [var first, ..] ? first.Id : null);
}

/// <param name="Organization">Id or slug of the organization the app pinned; nothing that is typed or hinted can replace it.</param>
/// <param name="Connection">A connection the app named.</param>
/// <param name="Remembered">What this browser used last.</param>
public sealed record RealmQuestion(string? Organization, string? Connection, string? DomainHint, EmailAddress? Email, Id<Connection>? Remembered = null);

/// <summary>
/// Home-realm discovery (FEATURES.md row 17). Knows domains, connections and organizations only, never people: the answer for a known and an unknown person of a domain is one.
/// </summary>
public sealed class HomeRealm(IRealmFacts facts, TraceRecorder trace)
{
    /// <summary>
    /// In this order: the organization that the app pinned > the connection it named > the most specific verified domain > what this browser remembers, as a suggestion > a
    /// credential of this instance.
    /// </summary>
    public async Task<Realm> FindAsync(RealmQuestion question, CancellationToken ct)
    {
        trace.Add("input", "email", TraceVerdict.Noted, question.Email is { } email ? $"{TraceRecorder.Masked(email)}, domain {email.Domain.Value}" : "no address");
        var named = Id<Connection>.TryParse(question.Connection, out var connection) ? connection : (Id<Connection>?)null;
        if (question.Organization is { } pin)
        {
            // One that isn't there is refused elsewhere; here nothing else takes its place.
            return await facts.ByOrganizationAsync(pin, ct) is { } pinned ? await PinnedAsync(pinned, named, question, ct) : Local();
        }

        if (named is { } id && await facts.ByConnectionAsync(id, ct) is { } owner) return Decide("named_connection", "the app's request names the connection", new Realm(id, owner.DisplayName));
        var host = question.Email?.Domain ?? Hinted(question);
        var holder = host is { } domain ? await facts.ByHostAsync(domain, ct) : null;
        if (holder is not null && host is { } held && Route(holder, held) is { IsLocal: false } routed)
            return Decide("verified_domain", $"{held} belongs to an organization with this sign-in", routed with { Suggested = routed.Choices.FirstOrDefault(c => c.Id == question.Remembered), SuggestedBy = routed.OrganizationName });
        return holder is null ? await SuggestAsync(question.Remembered, ct) : Local();
    }

    /// <summary>By the address alone: an organization that a request names has no say about people of another one's domain.</summary>
    public Task<Realm> OfAddressAsync(EmailAddress email, CancellationToken ct) => FindAsync(new RealmQuestion(null, null, null, email), ct);

    /// <summary>Into this organization: by its own connections, by the home of a person whose sign-in it takes, or by a credential of this instance.</summary>
    private async Task<Realm> PinnedAsync(OrganizationRealm pinned, Id<Connection>? named, RealmQuestion question, CancellationToken ct)
    {
        // A connection of another organization is no way into this one.
        if (named is { } id && pinned.Connections.Any(c => c.Id == id)) return Decide("named_connection", "the app's request names a connection of its organization", new Realm(id, pinned.DisplayName));

        // A hint leads to nobody else's sign-in: only an address does, and only one whose holder speaks for its mail.
        var host = question.Email?.Domain ?? Hinted(question);
        var holder = host is { } domain ? await facts.ByHostAsync(domain, ct) : null;
        if (holder is not null && holder.Organization.Id == pinned.Id && host is { } own && Route(holder, own) is { IsLocal: false } routed)
            return Decide("pinned_organization", $"{own} belongs to the organization of the app's request", routed);
        if (pinned.RequireSso && pinned.Connections.Count > 0) return Decide("require_sso", "the organization of the app's request requires its own sign-in", Own(pinned));
        if (holder is null || holder.Organization.Id == pinned.Id || question.Email is not { } email) return Local();
        if (pinned.AcceptHomeSso && holder.ProvesMail)
            return Route(holder, email.Domain) is { IsLocal: false } home ? Decide("verified_domain", $"{email.Domain} belongs to an organization whose sign-in counts here", home) : Local();
        return pinned.Connections.Count == 0 ? Local() : Decide("pinned_organization", "the organization of the app's request takes no other organization's sign-in", Own(pinned));
    }

    private async Task<Realm> SuggestAsync(Id<Connection>? remembered, CancellationToken ct)
    {
        if (remembered is not { } id || await facts.ByConnectionAsync(id, ct) is not { } owner) return Local();
        return Local() with { Suggested = owner.Connections.First(c => c.Id == id), SuggestedBy = owner.DisplayName };
    }

    private static Realm Own(OrganizationRealm organization) => Among(organization, organization.Connections);

    /// <summary>The first rule whose condition holds; else those without one; without any rule all connections there are. Only active ones count.</summary>
    private static Realm Route(DomainRealm domain, HostName host)
    {
        var organization = domain.Organization;
        if (domain.Rules.Count == 0) return Own(organization);
        var live = domain.Rules.Where(r => organization.Connections.Any(c => c.Id == r.Connection)).ToList();
        if (live.FirstOrDefault(r => r.Host is { } condition && DomainConnection.Matches(condition, host)) is { } rule) return new Realm(rule.Connection, organization.DisplayName);
        return Among(organization, [.. live.Where(r => r.Host is null).Select(r => organization.Connections.First(c => c.Id == r.Connection))]);
    }

    private static Realm Among(OrganizationRealm organization, IReadOnlyList<RealmConnection> connections) => connections switch
    {
        [] => Realm.Local,
        [var only] => new Realm(only.Id, organization.DisplayName),
        _ => new Realm(null, organization.DisplayName) { Choices = connections },
    };

    private static HostName? Hinted(RealmQuestion question) => HostName.TryParse(question.DomainHint, out var hinted) ? hinted : null;

    private Realm Local() => Decide("local", "no connection is responsible", Realm.Local);

    private Realm Decide(string rule, string why, Realm realm)
    {
        trace.Add("realm", rule, TraceVerdict.Passed, why);
        return realm;
    }
}
