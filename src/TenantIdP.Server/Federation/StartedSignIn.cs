using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.SignIn;

namespace TenantIdP.Server.Federation;

/// <summary>A test of a connection: everything happens but a session.</summary>
/// <param name="StartedBy">The actor who asked for it; what they may do was checked then.</param>
internal sealed record TestRun(Id<Organization> OrganizationId, ActorKind StartedByKind, string StartedBy);

/// <summary>What this browser started at a connection, kept sealed in its own cookie until the answer comes.</summary>
/// <param name="Back">The app's request; null when somebody came by themselves.</param>
/// <param name="Fresh">The identity provider was asked to prove anew (<c>prompt=login</c>, <c>ForceAuthn</c>).</param>
/// <param name="RequestId">The ID of the SAML request that the answer must name; null for OpenID Connect, whose state binds.</param>
/// <param name="Test">Set for a test run.</param>
/// <param name="Steps">What was decided before the browser left: the first part of the trace.</param>
internal sealed record StartedSignIn(string? Back, DateTimeOffset At, bool Fresh, string? RequestId, TestRun? Test, IReadOnlyList<TraceStep> Steps);
