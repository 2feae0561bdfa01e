using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.SignIn;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

internal static class SignInTraceEndpoints
{
    private static readonly Error OutcomeInvalid = new(ErrorKind.Invalid, "outcome_invalid", "An outcome is succeeded, refused, test_passed or test_failed.", "outcome");

    private static readonly Dictionary<string, TraceOutcome> Outcomes = Enum.GetValues<TraceOutcome>().ToDictionary(o => JsonNamingPolicy.SnakeCaseLower.ConvertName(o.ToString()));

    public static void MapSignInTraces(this RouteGroupBuilder organization)
    {
        var read = organization.MapGroup("/sign-in-traces").WithTags("Sign-in traces").RequireOrganization(Permission.ConnectionsRead);
        read.MapGet("/", ListAsync).WithName("ListSignInTraces").WithErrors(OutcomeInvalid);
        read.MapGet("/{signInTraceId}", FindAsync).WithName("GetSignInTrace");
    }

    private static async Task<Results<Ok<ListResponse<SignInTraceResponse>>, ProblemHttpResult>> ListAsync(
        Id<Organization> organizationId, [AsParameters] SignInTraceQuery wanted, [AsParameters] PageQuery query, SignInTraces traces, CancellationToken ct)
    {
        TraceOutcome? outcome = null;
        if (wanted.Outcome is { } text)
        {
            if (!Outcomes.TryGetValue(text, out var known)) return Problems.From(OutcomeInvalid);
            outcome = known;
        }

        return await query.AnswerAsync(page => traces.ListAsync(organizationId, new TraceFilter(wanted.ConnectionId, outcome, wanted.TraceId), page, ct), SignInTraceResponse.From);
    }

    private static async Task<Results<Ok<SignInTraceResponse>, ProblemHttpResult>> FindAsync(
        Id<Organization> organizationId, Id<SignInTrace> signInTraceId, SignInTraces traces, CancellationToken ct) =>
        (await traces.FindAsync(organizationId, signInTraceId, ct)).ToOk(SignInTraceResponse.From);
}

public sealed record SignInTraceQuery
{
    public Id<Connection>? ConnectionId { get; init; }

    /// <summary><c>succeeded</c>, <c>refused</c>, <c>test_passed</c> or <c>test_failed</c>.</summary>
    public string? Outcome { get; init; }

    /// <summary>What an error page shows.</summary>
    public string? TraceId { get; init; }
}

/// <param name="TraceId">What the error page shows.</param>
/// <param name="Code">The check or error that decided; <c>ok</c> when none failed.</param>
/// <param name="Summary">One sentence that names the fix.</param>
/// <param name="Steps">In the order in which they were decided; redacted.</param>
public sealed record SignInTraceResponse(
    Id<SignInTrace> Id, Id<Connection> ConnectionId, string TraceId, TraceOutcome Outcome, string Code, string Summary, DateTimeOffset OccurredAt, DateTimeOffset ExpiresAt, IReadOnlyList<TraceStep> Steps)
{
    internal static SignInTraceResponse From(SignInTrace t) => new(t.Id, t.ConnectionId, t.TraceId, t.Outcome, t.Code, t.Summary, t.OccurredAt, t.ExpiresAt, t.Steps);
}
