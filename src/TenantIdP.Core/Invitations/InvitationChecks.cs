using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Mail;
using TenantIdP.Core.Members;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Invitations;

/// <param name="Roles">Keys.</param>
public sealed record WantedWorkspace(Id<Workspace> WorkspaceId, IReadOnlyList<string> Roles);

/// <param name="Roles">Keys; empty gives the role member.</param>
public sealed record NewInvitation(string Email, IReadOnlyList<string> Roles)
{
    public IReadOnlyList<WantedWorkspace> Workspaces { get; init; } = [];

    /// <summary>At most <see cref="Invitation.MaxMessageLength"/> characters, with line breaks.</summary>
    public string? Message { get; init; }

    public string? Locale { get; init; }
    public Id<App>? AppId { get; init; }
    public JsonElement? Metadata { get; init; }

    /// <summary>Null: the instance's default. 1 to 2,160.</summary>
    public int? Hours { get; init; }

    /// <summary>Send one that is pending again, instead of only answering it.</summary>
    public bool Resend { get; init; }
}

/// <summary>Judges what somebody wants to offer, in the organization that was entered.</summary>
public sealed class InvitationChecks(IdpDbContext db, IAppRegistry apps, JoinRules joins, MembershipDomainRules domains, InvitationOptions options)
{
    public const int MaxWorkspaces = 50;

    /// <returns>How long an invitation is open, or why not so long.</returns>
    public Result<TimeSpan> Life(int? hours)
    {
        var life = TimeSpan.FromHours(hours ?? options.DefaultHours);
        return life < Invitation.ShortestLife || life > Invitation.LongestLife ? InvitationErrors.ExpiryInvalid : life;
    }

    /// <summary>Whether the organization takes the address at all (FEATURES.md row 18).</summary>
    public Task<Result> AddressAsync(Id<Organization> organization, EmailAddress address, CancellationToken ct) => domains.CheckAsync(organization, address, ct);

    /// <param name="granter">Gives the roles, so needs the right to give each of them (SECURITY.md C10).</param>
    public async Task<Result<InvitationContents>> ContentsAsync(Id<Organization> organization, NewInvitation wanted, Granter granter, CancellationToken ct)
    {
        var message = Message(wanted.Message);
        if (!message.IsOk) return message.Error;
        if (wanted.Locale is not null && new UserProfile { Locale = wanted.Locale }.Check() is { IsOk: false, Error: { } badLocale }) return badLocale;
        var metadata = wanted.Metadata is { } given ? Metadata.Empty.Merge(given) : Metadata.Empty;
        if (!metadata.IsOk) return metadata.Error;
        // Nowhere but at the start of a registered app's own sign-in (SECURITY.md C5).
        if (wanted.AppId is { } app && await apps.FindAsync(app, ct) is not { InitiateLoginUri: not null }) return InvitationErrors.AppInvalid;

        var found = await RolesAsync(organization, wanted, ct);
        if (!found.IsOk) return found.Error;
        var (roles, workspaces) = found.Value;
        if (!await granter.CoversAsync(db, [.. roles, .. workspaces.SelectMany(w => w.Roles)], ct)) return RoleErrors.Escalation;
        return new InvitationContents([.. roles.Select(r => r.Id)], [.. workspaces.Select(w => new InvitedWorkspace(w.Id, [.. w.Roles.Select(r => r.Id)]))])
        {
            Message = message.Value.Length == 0 ? null : message.Value, Locale = wanted.Locale, AppId = wanted.AppId, Metadata = metadata.Value,
        };
    }

    private async Task<Result<(List<Role> Roles, List<(Id<Workspace> Id, List<Role> Roles)> Workspaces)>> RolesAsync(Id<Organization> organization, NewInvitation wanted, CancellationToken ct)
    {
        var keys = Keys(wanted.Roles);
        if (keys.Count > joins.MaxRoles) return MemberErrors.TooManyRoles;
        var ids = wanted.Workspaces.Select(w => w.WorkspaceId).ToArray();
        if (ids.Length > MaxWorkspaces || ids.Distinct().Count() != ids.Length) return InvitationErrors.TooManyWorkspaces;
        if (wanted.Workspaces.Any(w => w.Roles.Contains(BuiltInRoles.Owner))) return WorkspaceErrors.OwnerRole with { Field = "workspaces" };
        if (await db.Workspaces.CountAsync(w => w.OrganizationId == organization && ids.Contains(w.Id) && w.Status == WorkspaceStatus.Active, ct) != ids.Length) return InvitationErrors.WorkspaceUnknown;

        var known = await db.RolesAsync(organization, keys.Concat(wanted.Workspaces.SelectMany(w => Keys(w.Roles))), ct);
        if (!keys.All(known.ContainsKey)) return RoleErrors.Unknown;
        if (!wanted.Workspaces.SelectMany(w => Keys(w.Roles)).All(known.ContainsKey)) return RoleErrors.Unknown with { Field = "workspaces" };
        return (keys.Select(k => known[k]).ToList(), wanted.Workspaces.Select(w => (w.WorkspaceId, Keys(w.Roles).Select(k => known[k]).ToList())).ToList());
    }

    private static List<string> Keys(IReadOnlyList<string> wanted) => [.. (wanted.Count == 0 ? [BuiltInRoles.Member] : wanted).Distinct(StringComparer.Ordinal)];

    /// <summary>It goes into a mail: lines may be broken, nothing else is done to the reader's screen.</summary>
    private static Result<string> Message(string? text)
    {
        if (text is null) return "";
        var message = text.ReplaceLineEndings("\n").Trim();
        var isBad = message.EnumerateRunes().Any(r => MailText.IsBad(r) || r == System.Text.Rune.ReplacementChar);
        return message.Length > Invitation.MaxMessageLength || isBad ? InvitationErrors.MessageInvalid : message;
    }
}
