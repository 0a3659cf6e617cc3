//! `key_generation_settings`: who may make keys for themselves.

use shared::api::ApiError;
use stargate_core::entity::{TeamRole, UserRole};
use stargate_core::policy::PermissionError;

use crate::request::body::RequestBody;

/// Who makes personal keys, and who makes keys of a team. Administrators make any.
#[derive(Clone, Debug, Default)]
pub struct KeyCreationPolicy {
    /// `None`: every role that the role table lets through.
    personal: Option<Vec<UserRole>>,
    personal_needs: Vec<String>,
    /// `None`: the team's administrators.
    team: Option<Vec<TeamRole>>,
    team_needs: Vec<String>,
}

impl KeyCreationPolicy {
    pub fn read(fields: &mut RequestBody) -> Result<Self, ApiError> {
        let mut makers = Self::default();
        let Some(mut settings) = fields.take_object("key_generation_settings")? else {
            return Ok(makers);
        };
        if let Some(mut personal) = settings.take_object("personal_key_generation")? {
            let rule = || ApiError::invalid("allowed_user_roles", "must be a list of user roles");
            let roles = personal.texts("allowed_user_roles")?.try_map(|words| {
                words.iter().map(|word| UserRole::parse(word).ok_or_else(rule)).collect::<Result<_, _>>()
            })?;
            makers.personal = roles.value();
            makers.personal_needs = personal.texts("required_params")?.value().unwrap_or_default();
            personal.finish()?;
        }
        if let Some(mut team) = settings.take_object("team_key_generation")? {
            let rule = || ApiError::invalid("allowed_team_member_roles", "must be a list of admin and user");
            let roles = team.texts("allowed_team_member_roles")?.try_map(|words| {
                words.iter().map(|word| TeamRole::parse(word).ok_or_else(rule)).collect::<Result<_, _>>()
            })?;
            makers.team = roles.value();
            makers.team_needs = team.texts("required_params")?.value().unwrap_or_default();
            team.finish()?;
        }
        settings.finish()?;
        Ok(makers)
    }

    /// Whether somebody of this role may make a key of their own.
    pub fn allow_personal(&self, role: UserRole) -> Result<(), ApiError> {
        match &self.personal {
            Some(roles) if !roles.contains(&role) => {
                let roles: Vec<&str> = roles.iter().map(|role| role.word()).collect();
                let rule = format!(
                    "Personal key creation has been restricted by admin. Allowed roles={}. Your role={}",
                    roles.join(", "),
                    role.word()
                );
                Err(ApiError::invalid("user_id", rule))
            }
            _ => Ok(()),
        }
    }

    /// Whether a member of this role may make a key of the team.
    pub fn allow_of_team(&self, role: TeamRole) -> Result<(), ApiError> {
        let roles = match &self.team {
            None if role == TeamRole::Admin => return Ok(()),
            None => return Err(PermissionError("only administrators of the team make its keys").into()),
            Some(roles) if roles.contains(&role) => return Ok(()),
            Some(roles) => roles,
        };
        let roles: Vec<&str> = roles.iter().map(|role| role.word()).collect();
        let rule =
            format!("Team member role {} not in allowed_team_member_roles={}", role.word(), roles.join(", "));
        Err(ApiError::invalid("team_id", rule))
    }

    /// Refuses a request that leaves out what this deployment wants said.
    pub fn needs(&self, fields: &RequestBody) -> Result<(), ApiError> {
        let needed = if fields.has("team_id") { &self.team_needs } else { &self.personal_needs };
        match needed.iter().find(|name| !fields.has(name)) {
            None => Ok(()),
            Some(name) => {
                Err(ApiError::invalid(name, "Required param not in data: this deployment wants it"))
            }
        }
    }
}
