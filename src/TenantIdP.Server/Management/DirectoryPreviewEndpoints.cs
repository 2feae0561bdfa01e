using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>Whom a directory would find, before it is let loose.</summary>
internal static class DirectoryPreviewEndpoints
{
    private const string Previewing = "Says of each user what the directory's create of them would do now, active and by itself: rows don't count each other. Nothing changes. It tells no more than the create would.";

    public static void MapDirectoryPreview(this RouteGroupBuilder organization) =>
        organization.MapPost("/directories/{directoryId}/preview", PreviewAsync).WithTags("Directories").RequireOrganization(Permission.DirectoriesWrite).WithName("PreviewDirectoryUsers")
            .WithSummary("Says whom users of a directory would be matched with.").WithDescription(Previewing).WithErrors(DirectoryErrors.NotFound);

    private static async Task<Results<Ok<DirectoryPreviewResponse>, ProblemHttpResult>> PreviewAsync(
        Id<Organization> organizationId, Id<OrganizationDirectory> directoryId, DirectoryPreviewRequest request, DirectoryPreview preview, CancellationToken ct)
    {
        var read = request.Users.Select(u => u.Read()).ToList();
        var forecasts = await preview.RunAsync(organizationId, directoryId, [.. read.Where(r => r.IsOk).Select(r => r.Value!)], ct); // filtered in the same expression
        if (!forecasts.IsOk) return Problems.From(forecasts.Error);
        var said = new Queue<DirectoryForecast>(forecasts.Value);
        return TypedResults.Ok(new DirectoryPreviewResponse([.. read.Select((r, i) => DirectoryPreviewRow.From(request.Users[i].UserName, r.IsOk ? said.Dequeue() : null, r.Error))]));
    }
}

/// <param name="Users">1 to 500, as the identity provider would send them.</param>
public sealed record DirectoryPreviewRequest([property: Required, MinLength(1), MaxLength(DirectoryPreview.MaxUsers)] IReadOnlyList<PreviewedUserRequest> Users);

/// <param name="UserName">As in SCIM.</param>
/// <param name="Email">The primary address; when left out, the user name if it is one.</param>
/// <param name="ExternalId">The identity provider's own id.</param>
public sealed record PreviewedUserRequest(
    [property: Required, MaxLength(DirectoryUserFacts.MaxNameLength)] string UserName, [property: MaxLength(EmailAddress.MaxLength)] string? Email = null,
    [property: MaxLength(DirectoryUserFacts.MaxNameLength)] string? ExternalId = null)
{
    internal Result<DirectoryUserFacts> Read()
    {
        var given = string.IsNullOrWhiteSpace(Email) ? null : Email;
        var isAddress = EmailAddress.TryParse(given ?? UserName, out var address);
        if (given is not null && !isAddress) return UserErrors.EmailInvalid;
        return new DirectoryUserFacts { UserName = UserName, ExternalId = string.IsNullOrEmpty(ExternalId) ? null : ExternalId, Address = isAddress ? address : null, Document = "{}" };
    }
}

/// <param name="Outcome">What the create would do; <c>refuse</c> has a code.</param>
/// <param name="MatchedBy">How somebody whom there is was found: <c>external_id</c> or <c>user_name</c> of a former user of this directory, <c>sso_identity</c>, <c>email</c>.</param>
/// <param name="MemberId">Of somebody who is or was a member.</param>
/// <param name="UserId">Of an account that there is.</param>
/// <param name="Code">Why it would be refused.</param>
public sealed record DirectoryPreviewRow(string UserName, ForecastOutcome Outcome, DirectoryMatch? MatchedBy, Id<Membership>? MemberId, Id<User>? UserId, string? Code, string? Message)
{
    internal static DirectoryPreviewRow From(string userName, DirectoryForecast? f, Error? invalid) =>
        new(userName, f?.Outcome ?? ForecastOutcome.Refuse, f?.By, f?.MemberId, f?.UserId, (f?.Error ?? invalid)?.Code, (f?.Error ?? invalid)?.Message);
}

/// <param name="Results">One for each user, in their order.</param>
public sealed record DirectoryPreviewResponse(IReadOnlyList<DirectoryPreviewRow> Results);
